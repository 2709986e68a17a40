#include <filesystem>

#include <pybind11/stl/filesystem.h>

#include "bind.h"
#include "buffer.h"
#include "core/blob_store.h"
#include "errors.h"
#include "released_gil.h"

namespace py = pybind11;

namespace jitserve {
namespace {

BlobName NameFrom(py::handle digest, std::uint64_t size) {
  const BufferView view(digest);
  return {DigestFrom(view.bytes()), size};
}

// `call` touches files, so it runs without the GIL.
template <typename Call>
auto WithFiles(Call call) {
  auto result = [&] {
    const ReleasedGil released;
    return call();
  }();
  return Unwrap(std::move(result), Corrupt::kBlob);
}

py::tuple Put(const BlobStore& store, py::handle data) {
  const BufferView view(data);
  const BlobName name = WithFiles([&] { return store.Put(view.bytes()); });
  return py::make_tuple(ToPython(name.digest), name.size);
}

py::str PathOf(const BlobStore& store, py::handle digest, std::uint64_t size) {
  const std::string path = store.Path(NameFrom(digest, size));
  return py::reinterpret_steal<py::str>(
      PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<Py_ssize_t>(path.size())));
}

// An empty blob has no mapping, but a buffer must point somewhere.
py::buffer_info BufferOf(const FileView& view) {
  static const std::uint8_t kNothing = 0;
  const std::uint8_t* start = view.bytes.empty() ? &kNothing : view.bytes.data();
  return py::buffer_info(start, static_cast<py::ssize_t>(view.bytes.size()));
}

}  // namespace

void BindStore(py::module_& module) {
  py::class_<FileView>(
      module, "Blob", py::buffer_protocol(), py::is_final(),
      "The verified, read-only bytes of a blob (a buffer). They stay valid when the file is replaced or removed.")
      .def_buffer(&BufferOf)
      .def("__len__", [](const FileView& view) { return view.bytes.size(); });

  const auto digest = py::arg("digest");
  const auto size = py::arg("size");
  py::class_<BlobStore>(module, "BlobStore", py::is_final(),
                        "Immutable bytes by digest and size, under one directory. Safe for many threads and processes.")
      .def(py::init([](const std::filesystem::path& root) { return BlobStore(PosixEnv(), root.string()); }),
           py::arg("root"))
      .def("put", &Put, py::arg("data"), py::pos_only(),
           "Stores a buffer durably and returns (digest, size). What is there already is not written again.")
      .def(
          "open",
          [](const BlobStore& store, py::handle digest, std::uint64_t size) {
            const BlobName name = NameFrom(digest, size);
            return WithFiles([&] { return store.Open(name); });
          },
          digest, size, "Maps a blob and verifies it. FileNotFoundError if absent, CorruptBlob if wrong.")
      .def(
          "has",
          [](const BlobStore& store, py::handle digest, std::uint64_t size) {
            const BlobName name = NameFrom(digest, size);
            return WithFiles([&] { return store.Has(name); });
          },
          digest, size, "Whether a file of that name and size is there; open() is what verifies it.")
      .def("path", &PathOf, digest, size, "Where the blob is, or would be.")
      .def(
          "remove",
          [](const BlobStore& store, py::handle digest, std::uint64_t size) {
            const BlobName name = NameFrom(digest, size);
            return WithFiles([&] { return store.Remove(name); });
          },
          digest, size, "Removes a blob; False if it was not there.");
}

}  // namespace jitserve
