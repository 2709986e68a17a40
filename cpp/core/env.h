// The file-system seam: the core's only door to files. Tests put another implementation behind it that fails, writes
// short, or pulls the plug after the n-th operation (cpp/tests/fault_env.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/digest.h"
#include "core/status.h"

namespace jitserve {

// A file that is being written. Destroying it closes it, whatever happened before.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  // Writes a prefix of `data` and returns its size: at least 1 byte, and possibly less than all, as write(2) does.
  virtual Result<std::size_t> Write(ByteView data) = 0;
  // Returns when the content is on the device.
  virtual Status Sync() = 0;
  // Some file systems report a failed write only here.
  virtual Status Close() = 0;
};

// The whole content of a file, readable for as long as `keepalive` lives, even after the file was replaced or removed.
struct FileView {
  std::shared_ptr<const void> keepalive;
  ByteView bytes;
};

// Every call is safe from any thread and any process. A missing file is kNotFound; something that is not a regular file
// where one is expected is kCorruption; everything else that fails is kIOError.
class Env {
 public:
  virtual ~Env() = default;

  // The file must not exist yet; its mode is 0600. kIOError with EEXIST if it does.
  virtual Result<std::unique_ptr<WritableFile>> Create(const std::string& path) = 0;
  virtual Result<FileView> Map(const std::string& path) = 0;
  // REQUIRES: the caller knows what to do with `max_size` bytes; a longer file is kCorruption.
  virtual Result<std::string> Read(const std::string& path, std::uint64_t max_size) = 0;
  virtual Result<std::uint64_t> FileSize(const std::string& path) = 0;
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  virtual Status Remove(const std::string& path) = 0;
  // Mode 0700. True if it was not there before; kNotFound if its parent is not there.
  virtual Result<bool> MakeDirectory(const std::string& path) = 0;
  // Returns when the names in the directory are on the device.
  virtual Status SyncDirectory(const std::string& path) = 0;
};

// The real one.
Env& PosixEnv();

}  // namespace jitserve
