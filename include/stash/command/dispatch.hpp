#pragma once

namespace stash::command {

/// Runs the command that argv names: by the program's own name (stash-sidecar, kubectl style links) or by its
/// first word. Returns the exit code: 0 done, 1 failed, 2 wrong usage, 3 done in part, 10 no repository, 12
/// wrong password, 130 interrupted. 0 means also that all that was printed got out; throws nothing.
int dispatch(int argc, char** argv);

}  // namespace stash::command
