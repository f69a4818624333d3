#!/bin/bash -eu
# Builds every target the way OSS-Fuzz calls it: $CXX and $CXXFLAGS instrument, $LIB_FUZZING_ENGINE is the engine, $OUT gets the
# programs with their seeds and dictionaries, $WORK is scratch. Only the pure files are built: no Asio, no OpenSSL.
#
# Both libraries are built from $SRC, so that the fuzzer sees into them. Where they are not there, the system's are linked:
#
#   OUT=/tmp/out WORK=/tmp/work SRC=/none CXX=clang++-19 CXXFLAGS='-O1 -fsanitize=fuzzer-no-link,address' \
#       LIB_FUZZING_ENGINE=-fsanitize=fuzzer,address fuzz/oss-fuzz/build.sh

[ -f fuzz/run ] || cd "$(dirname "${BASH_SOURCE[0]}")/../.."  # OSS-Fuzz calls it in the top folder
mkdir -p "$OUT" "$WORK/objects"
rm -f "$WORK"/objects/*.o "$WORK/libpure.a"  # of an earlier build, perhaps with another sanitizer
flags="${CXXFLAGS:-} -std=c++20 -I. -Iprotocol -Ijetstream -Ikv"
libraries='-lsodium -lsimdjson'

if [ -d "$SRC/simdjson" ] && [ -d "$SRC/libsodium" ]; then
    cmake -S "$SRC/simdjson" -B "$WORK/simdjson" -DBUILD_SHARED_LIBS=OFF -DSIMDJSON_DEVELOPER_MODE=OFF
    cmake --build "$WORK/simdjson" --parallel "$(nproc)"
    (cd "$SRC/libsodium" && ./configure --disable-shared --disable-asm --prefix="$WORK/sodium" && make -j"$(nproc)" install)
    flags="$flags -I$SRC/simdjson/include -I$WORK/sodium/include"
    libraries="$WORK/sodium/lib/libsodium.a $(find "$WORK/simdjson" -name libsimdjson.a | head -n 1)"
fi

# One command for each processor at a time. Each is waited for by its number: none may fail unseen.
running=()
start() {
    if [ "${#running[@]}" -ge "$(nproc)" ]; then
        wait "${running[0]}"
        running=("${running[@]:1}")
    fi
    "$@" &
    running+=($!)
}
finish() {
    for pid in "${running[@]}"; do wait "$pid"; done
    running=()
}

# The pure files, as the folders' meson.build list them.
for folder in protocol/wire protocol/auth protocol/session jetstream/api jetstream/machine kv/codec kv/machine; do
    for source in $(sed -n "s|^ *'\([a-z0-9_]*\.cpp\)',.*|$folder/\1|p" $folder/meson.build); do
        # shellcheck disable=SC2086
        start $CXX $flags -c "$source" -o "$WORK/objects/${source//\//_}.o"
    done
done
finish
ar rcs "$WORK/libpure.a" "$WORK"/objects/*.o

for target in $(fuzz/run --list); do
    case $target in
        ordered) more=tests/unit/jetstream/ordered_world.cpp ;;
        session) more='fuzz/session_world.cpp fuzz/session_world_acts.cpp fuzz/session_world_login.cpp' ;;
        *) more= ;;
    esac
    # shellcheck disable=SC2086
    start $CXX $flags "fuzz/$target.cpp" $more "$WORK/libpure.a" $libraries $LIB_FUZZING_ENGINE -o "$OUT/$target"
    corpus=$target
    [ "$target" != parser_reference ] || corpus=parser
    rm -f "$OUT/${target}_seed_corpus.zip"
    (cd "fuzz/corpus/$corpus" && zip -q -r "$OUT/${target}_seed_corpus.zip" .)
    [ ! -f "fuzz/$corpus.dict" ] || cp "fuzz/$corpus.dict" "$OUT/$target.dict"
done
finish
