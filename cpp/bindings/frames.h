// How the interpreter runs frames while a trace is recorded, on Python 3.11.
#pragma once

#include <Python.h>

#if PY_VERSION_HEX < 0x030C0000

#include <optional>

namespace jitserve {

// How to run a frame: as without us, or with none of the events of a profile function, or with all of them.
enum class Events { kAsEver, kNone, kAll };

// Asked for every frame that begins or goes on, in whatever thread. Must be quick, and run no Python code.
using Choice = Events (*)(PyThreadState*, PyCodeObject*);

// While a profile function is set, Python 3.11 runs every instruction the slow way. With this hook (PEP 523) only those
// frames that are chosen run so. Gives a number for UnhookFrames; nothing where somebody else runs the frames of this
// interpreter, or where the stack may grow deep: a call that goes through a hook takes some of the C stack.
std::optional<int> HookFrames(Choice choice);

// Takes the hook away, if nobody else needs it. False: it was not there all the time.
bool UnhookFrames(int number);

}  // namespace jitserve

#endif  // PY_VERSION_HEX < 0x030C0000
