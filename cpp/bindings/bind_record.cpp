#include <filesystem>
#include <optional>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "bind.h"
#include "buffer.h"
#include "core/record.h"
#include "errors.h"
#include "released_gil.h"

namespace py = pybind11;
using std::filesystem::path;

namespace jitserve {
namespace {

void PyWriteRecord(const path& target, py::handle payload, const std::optional<path>& scratch) {
  const BufferView view(payload);
  Status status;
  {
    const ReleasedGil released;
    status = WriteRecord(PosixEnv(), target.string(), view.bytes(), scratch ? scratch->string() : "");
  }
  Check(status, Corrupt::kRecord);
}

py::bytes PyReadRecord(const path& source) {
  auto payload = [&] {
    const ReleasedGil released;
    return ReadRecord(PosixEnv(), source.string());
  }();
  return py::bytes(Unwrap(std::move(payload), Corrupt::kRecord));
}

}  // namespace

void BindRecord(py::module_& module) {
  module.attr("MAX_RECORD_PAYLOAD") = kMaxRecordPayload;
  module.def("write_record", &PyWriteRecord, py::arg("path"), py::arg("payload"), py::kw_only(),
             py::arg("scratch") = py::none(),
             "Replaces the record at path atomically and durably. Its temporary file lies in the directory scratch "
             "(default: beside it).");
  module.def("read_record", &PyReadRecord, py::arg("path"),
             "The payload. FileNotFoundError if absent; CorruptRecord if any byte is wrong, missing or too many.");
}

}  // namespace jitserve
