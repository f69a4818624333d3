// Secrets on the command line.
#pragma once

namespace command {

/// Blots out the values of --password, --token and --creds-inline: everybody on the machine can read them in the list of processes as
/// long as they stand there. For after the parser has read them.
void hide_secrets(int argc, char** argv) noexcept;

}  // namespace command
