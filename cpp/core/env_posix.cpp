#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "core/env.h"

namespace jitserve {
namespace {

Status Failed(const std::string& path, const char* operation) {
  const int error = errno;
  return error == ENOENT ? Status::NotFound(path) : Status::IOError(error, path, operation);
}

template <typename Call>
auto RetryInterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  ~FileDescriptor() { Close(); }

  int get() const { return fd_; }
  // Not retried: after EINTR, Linux has closed the descriptor, and its number may be another thread's by now.
  int Close() { return fd_ < 0 ? 0 : ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(FileDescriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> Write(ByteView data) override {
    const auto written = RetryInterrupted([&] { return ::write(fd_.get(), data.data(), data.size()); });
    if (written < 0) return Failed(path_, "write");
    return static_cast<std::size_t>(written);
  }
  Status Sync() override {
    if (RetryInterrupted([&] { return ::fsync(fd_.get()); }) != 0) return Failed(path_, "fsync");
    return {};
  }
  Status Close() override {
    if (fd_.Close() != 0 && errno != EINTR) return Failed(path_, "close");
    return {};
  }

 private:
  FileDescriptor fd_;
  const std::string path_;
};

struct OpenFile {
  FileDescriptor fd;
  std::uint64_t size;
};

// O_NONBLOCK: opening a FIFO that somebody left there must not hang; it has no effect on regular files.
Result<OpenFile> OpenRegular(const std::string& path) {
  FileDescriptor fd(RetryInterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }));
  if (fd.get() < 0) return Failed(path, "open");
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return Failed(path, "fstat");
  if (!S_ISREG(info.st_mode)) return Status::Corruption(path, "not a regular file");
  return OpenFile{std::move(fd), static_cast<std::uint64_t>(info.st_size)};
}

// MAP_POPULATE where there is one: everything is about to be read, and one call is cheaper than a fault for every page.
#ifdef MAP_POPULATE
constexpr int kMapFlags = MAP_PRIVATE | MAP_POPULATE;
#else
constexpr int kMapFlags = MAP_PRIVATE;
#endif

class RealEnv final : public Env {
 public:
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    FileDescriptor fd(RetryInterrupted([&] { return ::open(path.c_str(), kFlags, 0600); }));
    if (fd.get() < 0) return Failed(path, "create");
    return std::unique_ptr<WritableFile>(std::make_unique<PosixWritableFile>(std::move(fd), path));
  }

  Result<FileView> Map(const std::string& path) override {
    auto file = OpenRegular(path);
    if (!file.ok()) return file.status();
    const std::size_t size = file.value().size;
    if (size == 0) return FileView{};  // mmap refuses empty mappings
    void* start = ::mmap(nullptr, size, PROT_READ, kMapFlags, file.value().fd.get(), 0);
    if (start == MAP_FAILED) return Failed(path, "mmap");
    std::shared_ptr<const void> owner(start, [size](const void* p) { ::munmap(const_cast<void*>(p), size); });
    return FileView{std::move(owner), ByteView(static_cast<const std::uint8_t*>(start), size)};
  }

  Result<std::string> Read(const std::string& path, std::uint64_t max_size) override {
    auto file = OpenRegular(path);
    if (!file.ok()) return file.status();
    if (file.value().size > max_size) {
      return Status::Corruption(path, "larger than the limit of " + std::to_string(max_size) + " bytes");
    }
    std::string content(file.value().size, '\0');
    std::size_t done = 0;
    while (done < content.size()) {
      const auto got =
          RetryInterrupted([&] { return ::read(file.value().fd.get(), content.data() + done, content.size() - done); });
      if (got < 0) return Failed(path, "read");
      if (got == 0) break;  // somebody truncated it just now: whoever verifies the content will see that
      done += static_cast<std::size_t>(got);
    }
    content.resize(done);
    return content;
  }

  Result<std::uint64_t> FileSize(const std::string& path) override {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return Failed(path, "stat");
    if (!S_ISREG(info.st_mode)) return Status::Corruption(path, "not a regular file");
    return static_cast<std::uint64_t>(info.st_size);
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return Failed(to, "rename");
    return {};
  }

  Status Remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return Failed(path, "unlink");
    return {};
  }

  Result<bool> MakeDirectory(const std::string& path) override {
    if (::mkdir(path.c_str(), 0700) == 0) return true;
    if (errno != EEXIST) return Failed(path, "mkdir");
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return Failed(path, "stat");
    if (!S_ISDIR(info.st_mode)) return Status::IOError(ENOTDIR, path, "mkdir");
    return false;
  }

  Status SyncDirectory(const std::string& path) override {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    FileDescriptor fd(RetryInterrupted([&] { return ::open(path.c_str(), kFlags); }));
    if (fd.get() < 0) return Failed(path, "open");
    if (RetryInterrupted([&] { return ::fsync(fd.get()); }) == 0) return {};
    // Some network file systems cannot sync a directory, and say so; there a rename is durable when it returns.
    return errno == EINVAL || errno == ENOTSUP ? Status() : Failed(path, "fsync");
  }
};

}  // namespace

Env& PosixEnv() {
  static RealEnv env;
  return env;
}

}  // namespace jitserve
