#include "frames.h"

#if PY_VERSION_HEX < 0x030C0000

#include <cstdint>

namespace jitserve {
namespace {

constexpr int kDeepest = 3000;  // calls; each takes less than a kilobyte
constexpr std::uint8_t kTracing = 255;

// How an interpreter frame of Python 3.11 begins.
struct FrameStart {
  PyFunctionObject* function;
  PyObject* globals;
  PyObject* builtins;
  PyObject* locals;
  PyCodeObject* code;
};

// Guarded by the interpreter's lock, all three.
Choice chosen = nullptr;
int users = 0;
int lapses = 0;  // how often the hook was taken away while somebody needed it

void Set(_PyFrameEvalFunction function) { _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), function); }

_PyFrameEvalFunction Get() { return _PyInterpreterState_GetEvalFrameFunc(PyInterpreterState_Get()); }

PyObject* Run(PyThreadState* thread, _PyInterpreterFrame* frame, int thrown) {
  if (thread->recursion_limit - thread->recursion_remaining > kDeepest && Get() == &Run) {
    ++lapses;  // the program has raised the limit meanwhile
    Set(&_PyEval_EvalFrameDefault);
  }
  PyCodeObject* const code = reinterpret_cast<FrameStart*>(frame)->code;
  const Events events = chosen(thread, code);
  if (events == Events::kAsEver) return _PyEval_EvalFrameDefault(thread, frame, thrown);
  // A frame takes over from its caller whether it has events, and hands back how that is in the end.
  _PyCFrame* const caller = thread->cframe;
  const std::uint8_t before = caller->use_tracing;
  caller->use_tracing = events == Events::kAll ? kTracing : 0;
  PyObject* const result = _PyEval_EvalFrameDefault(thread, frame, thrown);
  // What it hands back is right where the profile function has been taken away or replaced.
  if (chosen(thread, code) != Events::kAsEver) caller->use_tracing = before;
  return result;
}

}  // namespace

std::optional<int> HookFrames(Choice choice) {
  const _PyFrameEvalFunction now = Get();
  if ((now != &_PyEval_EvalFrameDefault && now != &Run) || Py_GetRecursionLimit() > kDeepest) return std::nullopt;
  chosen = choice;
  ++users;
  Set(&Run);
  return lapses;
}

bool UnhookFrames(int number) {
  const bool ours = Get() == &Run;
  if (--users == 0 && ours) Set(&_PyEval_EvalFrameDefault);
  return ours && number == lapses;
}

}  // namespace jitserve

#endif  // PY_VERSION_HEX < 0x030C0000
