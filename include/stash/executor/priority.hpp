#pragma once

namespace stash::executor {

/// Gives this thread, and those that it starts from now on, the priority that the environment asks for:
/// NICE_ADJUSTMENT at the CPU, IONICE_CLASS and IONICE_CLASS_DATA at the disk. What cannot be read, and what
/// the system refuses, is told by a warning, and the work is done with the priority that is there.
void take_priority();

}  // namespace stash::executor
