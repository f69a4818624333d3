#include "tools/command/hide_secrets.hpp"

#include <cstring>
#include <string_view>

namespace command {

void hide_secrets(int argc, char** argv) noexcept {
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        for (const std::string_view name : {"--password", "--token", "--creds-inline"}) {
            if (!argument.starts_with(name)) continue;
            if (argument.size() == name.size() && i + 1 < argc)
                explicit_bzero(argv[i + 1], std::strlen(argv[i + 1]));
            else if (argument.size() > name.size() && argument[name.size()] == '=')
                explicit_bzero(argv[i] + name.size() + 1, argument.size() - name.size() - 1);
        }
    }
}

}  // namespace command
