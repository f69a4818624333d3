"""Lint -> list of (what is planted, files of the tree, texts the report must hold; none = the tree is clean)."""

PURE_HEADER = '#pragma once\n#include <string_view>\nint parse(std::string_view bytes);\n'
AWAITABLE = '''#pragma once
#include <coroutine>
#include <string>
struct ready { bool await_ready() { return true; } void await_suspend(std::coroutine_handle<>) {} int await_resume() { return 1; } };
struct task { struct promise_type { task get_return_object() { return {}; } std::suspend_never initial_suspend() { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; } void return_void() {} void unhandled_exception() {} }; };
struct options { std::string id; int n = 0; };
struct trivial { int n = 0; };
struct owner : ready { std::string s; };
ready put(options o); ready get(trivial t); ready take(std::string s); ready look(const std::string& s); owner own();
template <class F> ready call(F f) { return {}; }
'''

CASES = {
    "layering": [
        ("Asio directly in a pure part", {"protocol/wire/a.cpp": "#include <asio/ip/tcp.hpp>\n"}, ["pure code reaches <asio/ip/tcp.hpp>"]),
        ("OpenSSL in a pure part", {"jetstream/api/a.cpp": "#include <openssl/ssl.h>\n"}, ["pure code reaches <openssl/ssl.h>"]),
        ("Asio through a public header", {
            "protocol/slipstream/client.hpp": "#include <asio/any_io_executor.hpp>\n",
            "kv/machine/a.hpp": "#include <slipstream/client.hpp>\n",
        }, ["kv/machine/a.hpp:1: pure code reaches <asio/any_io_executor.hpp>", "-> protocol/slipstream/client.hpp"]),
        ("a socket in a pure part", {"protocol/session/a.cpp": "#include <sys/socket.h>\n"}, ["pure code reaches <sys/socket.h>"]),
        ("protocol includes kv", {"protocol/io/a.cpp": "#include <slipstream/kv/bucket.hpp>\n"}, ["protocol must not know kv"]),
        ("jetstream includes kv", {"jetstream/a.cpp": '#include "kv/codec/key.hpp"\n'}, ["jetstream must not know kv"]),
        ("wire includes session", {"protocol/wire/a.cpp": '#include "protocol/session/core.hpp"\n'}, ["wire/ must not know session/"]),
        ("session includes io", {"protocol/session/a.cpp": '#include "protocol/io/loop.hpp"\n'}, ["session/ must not know io/"]),
        ("kv uses an internal header", {"kv/a.cpp": '#include "protocol/wire/parser.hpp"\n'}, ["kv uses only public headers of protocol"]),
        ("a public header needs an internal one", {"kv/slipstream/kv/a.hpp": '#include "kv/codec/key.hpp"\n'}, ["is not installed"]),
        ("an include relative to its folder", {"kv/codec/a.cpp": '#include "key.hpp"\n'}, ["spelled from the top"]),
        ("the command uses an internal header", {"tools/a.cpp": '#include "protocol/wire/info.hpp"\n', "kv/a.hpp": ""},
         ["tools/ uses only public headers"]),
        ("an empty tree", {}, ["no files to look at"]),
        ("clean", {
            "protocol/wire/parser.hpp": PURE_HEADER,
            "protocol/session/core.cpp": '#include "protocol/wire/parser.hpp"\n// #include <asio.hpp> only in words\n',
            "protocol/io/loop.cpp": '#include <asio/steady_timer.hpp>\n#include "protocol/session/core.hpp"\n',
            "kv/machine/a.cpp": "#include <slipstream/headers.hpp>\n#include <slipstream/kv/key.hpp>\n",
            "tools/a.cpp": '#include <slipstream/kv/bucket.hpp>\n#include "tools/command/output.hpp"\n',
        }, []),
    ],
    "test_clocks": [
        ("an upper bound", {"tests/io/a.cpp": "TEST_CASE(\"a\") {\n    CHECK(std::chrono::steady_clock::now() - start < 2s);\n}\n"},
         ["a.cpp:2: asserts that a clock shows little"]),
        ("from the other side", {"tests/unit/a.cpp": "void f() { REQUIRE(2s >= clock.elapsed()); }\n"}, ["asserts that a clock"]),
        ("over two lines", {"tests/unit/a.cpp": "void f() {\n    CHECK_MESSAGE(took <\n 2s, \"slow\");\n}\n"}, ["a.cpp:2: asserts"]),
        ("a sleep", {"tests/io/a.cpp": "void f() { std::this_thread::sleep_for(1ms); }\n"}, ["a.cpp:1: sleeps"]),
        ("clean", {
            "tests/io/a.cpp": "void f() {\n    CHECK(clock.elapsed() >= 100ms);\n    while (clock.elapsed() < 5s) {}\n"
                              "    CHECK(duration_cast<milliseconds>(steady_clock::now() - start) >= 1ms);\n"
                              "    CHECK(s.now() - a <= 1s);\n}\n",
            "tests/integration/a.cpp": "void f() { std::this_thread::sleep_for(1ms); }\n",
        }, []),
    ],
    "purity": [
        ("a clock", {"protocol/session/a.cpp": "auto t = std::chrono::steady_clock::now();\n"}, ["a.cpp:1: not pure"]),
        ("randomness", {"kv/machine/a.cpp": "std::random_device seed;\n"}, ["not pure: random_device"]),
        ("randombytes", {"protocol/auth/nuid.cpp": "void f() { randombytes_buf(p, n); }\n"}, ["not pure: randombytes_buf("]),
        ("a clock where entropy is", {"protocol/auth/entropy.cpp": "void f() { randombytes_buf(p, n); time(nullptr); }\n"},
         ["not pure: time(nullptr)"]),
        ("a thread", {"protocol/wire/a.cpp": "\nstd::thread t;\n"}, ["a.cpp:2: not pure"]),
        ("the environment", {"protocol/auth/a.cpp": "auto p = getenv(\"X\");\n"}, ["not pure: getenv"]),
        ("std::cout in the library", {"protocol/io/a.cpp": "void f() { std::cout << 1; }\n"}, ["std::cout"]),
        ("printf", {"jetstream/a.cpp": "void f() { printf(\"x\"); }\n"}, ["printf("]),
        ("std::fprintf", {"jetstream/a.cpp": "void f() { std::fprintf(stderr, \"x\"); }\n"}, ["fprintf("]),
        ("abort and exit", {"kv/a.hpp": "void f() { abort(); }\nvoid g() { std::exit(1); }\n"}, ["abort(", "std::exit"]),
        ("a signal handler", {"protocol/io/a.cpp": "void f() { ::signal(13, nullptr); }\n"}, ["signal("]),
        ("clean", {
            "protocol/session/a.cpp":
                "// never steady_clock::now()\nconst char* s = \"abort() printf(\";\nvoid f(time_point now) { j.open(now); }\n",
            "protocol/io/a.cpp":
                "auto now = std::chrono::steady_clock::now();\nvoid f() { std::snprintf(b, 1, \"\"); op.abort(); x->exit(); }\n",
            "kv/codec/a.cpp": "auto n = 1'000'000; auto s = R\"(std::cout << 1)\"; auto t = 2'000;\n",
        }, []),
    ],
    "text": [
        ("a non-ASCII byte", {"kv/a.cpp": "// caf\u00e9\n"}, ["a.cpp:1: not plain ASCII"]),
        ("a carriage return", {"kv/a.cpp": "int a;\r\n"}, ["not plain ASCII"]),
        ("a tab", {"kv/a.cpp": "\tint a;\n"}, ["tab"]),
        ("a trailing blank", {"kv/a.cpp": "int a; \n"}, ["trailing blank"]),
        ("a long line", {"kv/a.cpp": "// " + "x" * 138 + "\n"}, ["141 columns"]),
        ("no newline at the end", {"kv/a.cpp": "int a;"}, ["no newline"]),
        ("a long file", {"kv/a.cpp": "int a;\n" * 401}, ["401 lines, at most 400"]),
        ("a long public header", {"kv/slipstream/kv/a.hpp": "int a;\n" * 601}, ["601 lines, at most 600"]),
        ("a long script", {"tools/run": "true\n" * 401}, ["401 lines, at most 400"]),
        ("clean", {"kv/a.cpp": "int a;\n" * 400, "kv/slipstream/kv/a.hpp": "int a;\n" * 600, "fuzz/corpus/x/1.txt": "\t\u00e9"}, []),
    ],
    "citations": [
        ("no citation", {"tests/unit/a_test.cpp": 'TEST_CASE("parses a message") { CHECK(true); }\n'}, ["no test case cites a row"]),
        ("a word that is no row", {"tests/io/a_test.cpp": 'TEST_CASE("UTF8 and B300") { CHECK(x); }\n'}, ["no test case cites a row"]),
        ("no assertion", {"tests/unit/a_test.cpp": 'TEST_CASE("A1: size") { parse(); }\n'}, ["no assertion"]),
        ("clean", {
            "tests/unit/a_test.cpp": 'TEST_CASE("A1: size") { CHECK(x); }\nTEST_CASE("more") { CHECK(y); }\n',
            "tests/io/b_test.cpp": 'TEST_CASE_FIXTURE(fix, "keeps " "order (S29)") { REQUIRE(x); }\n',
            "tests/io/helper.cpp": "int helper() { return 1; }\n",
        }, []),
    ],
    "failure_rows": [
        ("a row without a test", {
            "tests/failure_rows.txt": "A1 this | that\nB2 x | y\n",
            "tests/unit/a_test.cpp": 'TEST_CASE("A1 C: size") { CHECK(x); }\n',
        }, ["no test case cites B2"]),
        ("a test for no row", {
            "tests/failure_rows.txt": "A1 this | that\n",
            "tests/io/a_test.cpp": '\nTEST_CASE_FIXTURE(f, "A1 A25: size") { CHECK(x); }\n',
        }, ["a_test.cpp:2: there is no row A25"]),
        ("a line that is no row, a row twice", {
            "tests/failure_rows.txt": "# words\nA1 this\nA2 x | y\nA2 x | z\n",
            "tests/unit/a_test.cpp": 'TEST_CASE("A2: size") { CHECK(x); }\n',
        }, ["failure_rows.txt:2: not: ID", "failure_rows.txt:4: A2 is there twice"]),
        ("no list", {"tests/unit/a_test.cpp": 'TEST_CASE("S1: size") { CHECK(x); }\n'}, ["is missing"]),
        ("clean", {
            "tests/failure_rows.txt": "# A\n\nA1 this | that\nH12 x | y\n",
            "tests/unit/a_test.cpp": 'TEST_CASE("A1: size") { CHECK(x); }\n',
            "tests/integration/b_test.cpp": 'TEST_CASE_FIXTURE(fix, "keeps "\n    "order (H12, S29)") { REQUIRE(x); }\n',
        }, []),
    ],
    "secrets": [
        ("a printer", {"protocol/io/a.hpp": "std::ostream& operator<<(std::ostream&, const secret&);\n"}, ["a printer"]),
        ("to_string", {"protocol/slipstream/a.hpp": "std::string to_string(const authentication& a);\n"}, ["a printer"]),
        ("revealed into a stream", {"tests/unit/a.cpp": "out << password.reveal();\n"}, ["goes into a text"]),
        ("revealed into an event", {"protocol/session/a.cpp": "event.detail = token.reveal();\n"}, ["goes into a text"]),
        ("revealed elsewhere", {"kv/a.cpp": "f(s.reveal());\n"}, ["only in protocol/auth"]),
        ("an ordinary string", {"protocol/slipstream/a.hpp": "struct a { std::string password; };\n"}, ["ordinary string"]),
        ("a conversion", {"protocol/slipstream/secret.hpp": "operator std::string_view() const;\n"}, ["converts to text"]),
        ("clean", {
            "protocol/slipstream/secret.hpp": "std::string_view reveal() const; // operator std::string\n",
            "protocol/session/connect.cpp": "json.string(\"pass\", auth.password.reveal());\n",
            "tests/unit/a.cpp": "CHECK(auth.password.reveal() == \"x\");\n",
        }, []),
    ],
    "co_await_aggregates": [
        ("an aggregate temporary", {"await.hpp": AWAITABLE, "a.cpp": '#include "await.hpp"\ntask t() { co_await put(options{"x"}); }\n'},
         ["a.cpp:2: temporary inside co_await"]),
        ("braces alone", {"await.hpp": AWAITABLE, "a.cpp": '#include "await.hpp"\ntask t() {\n    co_await put({.id = "x"});\n}\n'},
         ["a.cpp:3: temporary inside co_await"]),
        ("a capturing lambda", {"await.hpp": AWAITABLE,
                                "a.cpp": '#include "await.hpp"\ntask t(std::string s) { co_await call([s] { return s; }); }\n'},
         ["temporary inside co_await"]),
        ("a conditional with a literal on one side", {"await.hpp": AWAITABLE, "a.cpp": '''#include "await.hpp"
task t(bool c, std::string a, std::string b) {
    co_await look(a + (c ? b : ""));
}
'''}, ["a.cpp:3: temporary inside co_await"]),
        ("a conditional between two temporaries", {"await.hpp": AWAITABLE, "a.cpp": '''#include "await.hpp"
task t(bool c) {
    co_await take(c ? std::string("x") : (std::string(1, 'y')));
}
'''}, ["a.cpp:3: temporary inside co_await"]),
        ("a conditional of awaitables, in a lambda", {"await.hpp": AWAITABLE, "a.cpp": '''#include "await.hpp"
auto t = [](bool c) -> task {
    co_await (c ? own() : own());
};
'''}, ["a.cpp:3: temporary inside co_await"]),
        ("a source that does not compile", {"a.cpp": "task t() { co_await nothing; }\n"}, ["could not read it"]),
        ("clean", {"await.hpp": AWAITABLE, "a.cpp": '''#include "await.hpp"
task t(std::string s) {
    options named{"x"};
    co_await put(named);
    co_await put(std::move(named));
    co_await get({.n = 1});
    co_await call([&s] { return s.size(); });
    co_await look(named.n != 0 ? s : named.id);
    co_await take(named.n != 0 ? "x" : "y");
    co_await get({.n = named.n != 0 ? 1 : 2});
    co_await call([&] { return named.n != 0 ? s : ""; });
    const int n = named.n != 0 ? co_await take(s) : co_await look(s);
    static_cast<void>(n);
}
'''}, []),
    ],
    "readme_snippets": [
        ("a block that is not compiled", {
            "README.md": "```cpp\nint a;\n```\n```cpp\nint b;\n```\n",
            "tests/snippets/readme.cpp": "int a;\n",
        }, ["this block is not in", "int b;"]),
        ("no block at all", {"README.md": "```sh\nls\n```\n", "tests/snippets/readme.cpp": ""}, ["no C++ block"]),
        ("clean", {"README.md": "```cpp\nint a;\n```\n", "tests/snippets/readme.cpp": "int before;\nint a;\n"}, []),
    ],
    "headers_alone": [
        ("a missing include", {"protocol/slipstream/a.hpp": "#pragma once\ninline std::string f() { return {}; }\n"},
         ["protocol/slipstream/a.hpp:1"]),
        ("no guard", {"kv/slipstream/kv/a.hpp": "inline int f() { return 1; }\n"}, ["does not compile by itself"]),
        ("a warning", {"kv/slipstream/kv/a.hpp": "#pragma once\ninline int f(int unused) { return 1; }\n"}, ["does not compile by itself"]),
        ("clean", {"kv/slipstream/kv/a.hpp": "#pragma once\n#include <string>\ninline std::string f() { return {}; }\n"}, []),
    ],
}
