#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <pybind11/stl.h>

#include "bind.h"
#include "buffer.h"
#include "core/digest.h"
#include "released_gil.h"

namespace py = pybind11;

namespace jitserve {
namespace {

constexpr std::size_t kChunk = 1 << 20;
constexpr unsigned kMostThreads = 8;  // a disk that has to be read gives no more

// The digests of files, and the error numbers of those that cannot be read.
class FileDigests {
 public:
  explicit FileDigests(std::vector<std::string> paths)
      : paths_(std::move(paths)), digests_(paths_.size()), errors_(paths_.size(), 0) {}

  void Compute() {
    const unsigned wanted = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
    std::vector<std::thread> others;
    try {
      while (others.size() + 1 < std::min<std::size_t>(wanted, paths_.size())) others.emplace_back([this] { Work(); });
    } catch (const std::system_error&) {
      // There are as many as the system gives; this one is enough.
    }
    Work();
    for (std::thread& other : others) other.join();
  }

  // REQUIRES: the GIL is held
  py::list Take() const {
    py::list found;
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      if (errors_[i] != 0) {
        errno = errors_[i];
        PyErr_SetFromErrnoWithFilename(PyExc_OSError, paths_[i].c_str());
        throw py::error_already_set();
      }
      found.append(ToPython(digests_[i]));
    }
    return found;
  }

 private:
  void Work() {
    std::vector<std::uint8_t> buffer(kChunk);
    for (std::size_t i = next_++; i < paths_.size(); i = next_++) errors_[i] = Read(i, buffer);
  }

  int Read(std::size_t i, std::vector<std::uint8_t>& buffer) {
    const int file = ::open(paths_[i].c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return errno;
    Hasher hasher;
    ssize_t size = 0;
    while ((size = ::read(file, buffer.data(), buffer.size())) > 0 || (size < 0 && errno == EINTR)) {
      if (size > 0) hasher.Update({buffer.data(), static_cast<std::size_t>(size)});
    }
    const int error = size < 0 ? errno : 0;
    ::close(file);
    digests_[i] = std::move(hasher).Close();
    return error;
  }

  std::vector<std::string> paths_;
  std::vector<Digest> digests_;
  std::vector<int> errors_;
  std::atomic<std::size_t> next_ = 0;
};

py::list DigestFiles(std::vector<std::string> paths) {
  FileDigests digests(std::move(paths));
  {
    const ReleasedGil released;
    digests.Compute();
  }
  return digests.Take();
}

}  // namespace

void BindFiles(py::module_& module) {
  module.def("digest_files", &DigestFiles, py::arg("paths"), py::pos_only(),
             "The SHA-256 digests of files, which several threads read.");
}

}  // namespace jitserve
