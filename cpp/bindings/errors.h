// Status -> Python exception, in this one place.
//
//   kNotFound, kIOError   OSError with errno and filename (so FileNotFoundError, PermissionError, ... as errno says)
//   kInvalidArgument      ValueError
//   kCorruption           CorruptBlob or CorruptRecord: the binding knows which
#pragma once

#include <pybind11/pybind11.h>

#include "core/status.h"

namespace jitserve {

enum class Corrupt { kBlob, kRecord };

// Defines Corruption, CorruptBlob and CorruptRecord in the module.
void BindErrors(pybind11::module_& module);

// REQUIRES: !status.ok(); the GIL is held
[[noreturn]] void Throw(const Status& status, Corrupt kind);

inline void Check(const Status& status, Corrupt kind) {
  if (!status.ok()) Throw(status, kind);
}

template <typename T>
T Unwrap(Result<T> result, Corrupt kind) {
  Check(result.status(), kind);
  return std::move(result).value();
}

}  // namespace jitserve
