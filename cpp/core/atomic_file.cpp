#include "core/atomic_file.h"

#include <unistd.h>

#include <cerrno>
#include <random>

namespace jitserve {
namespace {

// The process id is for people who look at leftovers. Uniqueness comes from the random part and from Create(), which
// refuses a name that is taken.
std::string TemporaryName(const std::string& directory) {
  std::random_device random;
  std::string name = directory + "/.tmp-" + std::to_string(::getpid());
  for (int i = 0; i < 4; ++i) name.append("-").append(std::to_string(random()));
  return name;
}

Status WriteAll(WritableFile& file, const std::string& path, ByteView data) {
  while (!data.empty()) {
    auto written = file.Write(data);
    if (!written.ok()) return written.status();
    if (written.value() == 0) return Status::IOError(EIO, path, "write");  // or this would never end
    data = data.subspan(written.value());
  }
  return {};
}

Status WriteAndSync(Env& env, const std::string& path, std::initializer_list<ByteView> pieces) {
  auto file = env.Create(path);
  if (!file.ok()) return file.status();
  for (ByteView piece : pieces) {
    if (Status status = WriteAll(*file.value(), path, piece); !status.ok()) return status;
  }
  if (Status status = file.value()->Sync(); !status.ok()) return status;
  return file.value()->Close();
}

}  // namespace

Status WriteFileAtomically(Env& env, const std::string& scratch_directory, const std::string& path,
                           std::initializer_list<ByteView> pieces) {
  const std::string temporary = TemporaryName(scratch_directory);
  Status status = WriteAndSync(env, temporary, pieces);
  if (status.ok()) status = env.Rename(temporary, path);
  if (!status.ok()) {
    (void)env.Remove(temporary);  // best effort: the first error is the one to report
    return status;
  }
  return SyncNames(env, path);
}

Status MakeDirectories(Env& env, const std::string& path) {
  const std::string parent = ParentDirectory(path);
  auto made = env.MakeDirectory(path);
  if (made.status().kind() == StatusKind::kNotFound && parent != path) {
    if (Status status = MakeDirectories(env, parent); !status.ok()) return status;
    made = env.MakeDirectory(path);
  }
  if (!made.ok()) return made.status();
  return made.value() ? env.SyncDirectory(parent) : Status();
}

Status SyncNames(Env& env, const std::string& path) {
  std::string directory = ParentDirectory(path);
  if (Status status = env.SyncDirectory(directory); !status.ok()) return status;
  for (int level = 0; level < 2 && ParentDirectory(directory) != directory; ++level) {
    directory = ParentDirectory(directory);
    Status status = env.SyncDirectory(directory);
    if (!status.ok() && status.errno_value() != EACCES) return status;  // not ours to read: then not ours to sync
  }
  return {};
}

std::string ParentDirectory(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace jitserve
