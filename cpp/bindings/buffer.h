// The bytes of any object with the buffer protocol.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>

#include "core/digest.h"

namespace jitserve {

// Below this many bytes, letting go of the GIL and fighting for it again costs more than the work.
inline constexpr std::size_t kReleaseGilAbove = 4096;

// Keeps the exporter from moving or freeing its bytes. REQUIRES: made and destroyed with the GIL held.
class BufferView {
 public:
  // Raises TypeError if the object has no buffer, BufferError if its bytes are not contiguous.
  explicit BufferView(pybind11::handle object) {
    if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_SIMPLE) != 0) throw pybind11::error_already_set();
  }
  ~BufferView() { PyBuffer_Release(&view_); }
  BufferView(const BufferView&) = delete;
  BufferView& operator=(const BufferView&) = delete;

  ByteView bytes() const { return {static_cast<const std::uint8_t*>(view_.buf), static_cast<std::size_t>(view_.len)}; }

 private:
  Py_buffer view_{};
};

inline pybind11::bytes ToPython(const Digest& digest) {
  return pybind11::bytes(reinterpret_cast<const char*>(digest.bytes.data()), Digest::kSize);
}

// Raises ValueError unless there are exactly 32 bytes.
inline Digest DigestFrom(ByteView bytes) {
  if (bytes.size() != Digest::kSize) {
    throw pybind11::value_error("a digest has " + std::to_string(Digest::kSize) + " bytes, not " +
                                std::to_string(bytes.size()));
  }
  Digest digest;
  std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return digest;
}

}  // namespace jitserve
