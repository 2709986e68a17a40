#include "bind.h"
#include "buffer.h"
#include "core/digest.h"
#include "released_gil.h"

namespace py = pybind11;

namespace jitserve {
namespace {

// Runs `work` without the GIL if there is enough of it.
template <typename Work>
void WithoutGil(ByteView data, Work work) {
  const ReleasedGil released(data.size() > kReleaseGilAbove);
  work();
}

py::bytes PySha256(py::handle data) {
  const BufferView view(data);
  Digest digest;
  WithoutGil(view.bytes(), [&] { digest = Sha256(view.bytes()); });
  return ToPython(digest);
}

}  // namespace

void BindDigest(py::module_& module) {
  module.def("sha256", &PySha256, py::arg("data"), py::pos_only(), "The SHA-256 digest of a buffer: 32 bytes.");

  py::class_<Hasher>(module, "Hasher", py::is_final(),
                     "SHA-256 of bytes that arrive in pieces. One thread at a time may use it.")
      .def(py::init<>())
      .def(
          "update",
          [](Hasher& hasher, py::handle data) {
            const BufferView view(data);
            WithoutGil(view.bytes(), [&] { hasher.Update(view.bytes()); });
          },
          py::arg("data"), py::pos_only(), "Appends a buffer.")
      .def(
          "digest", [](const Hasher& hasher) { return ToPython(hasher.Finish()); },
          "The digest of everything so far: 32 bytes. More may follow.");
}

}  // namespace jitserve
