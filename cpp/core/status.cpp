#include "core/status.h"

#include <cerrno>
#include <system_error>

namespace jitserve {

Status Status::NotFound(std::string path) {
  return Status(StatusKind::kNotFound, ENOENT, std::move(path), "no such file");
}

Status Status::Corruption(std::string path, std::string message) {
  return Status(StatusKind::kCorruption, 0, std::move(path), std::move(message));
}

Status Status::InvalidArgument(std::string message) {
  return Status(StatusKind::kInvalidArgument, 0, "", std::move(message));
}

Status Status::IOError(int errno_value, std::string path, std::string operation) {
  return Status(StatusKind::kIOError, errno_value, std::move(path),
                std::move(operation) + ": " + std::generic_category().message(errno_value));
}

}  // namespace jitserve
