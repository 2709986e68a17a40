#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include "core/atomic_file.h"
#include "core/blob_store.h"
#include "core/env.h"
#include "harness.h"

using namespace jitserve;

namespace {

// A new directory that is gone at the end of the test.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "jitserve-XXXXXX").string();
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

unsigned ModeOf(const std::string& path) {
  struct stat info{};
  CHECK_EQ(::stat(path.c_str(), &info), 0);
  return info.st_mode & 07777;
}

Status Write(const std::string& path, std::string_view content) {
  return WriteFileAtomically(PosixEnv(), ParentDirectory(path), path, {AsBytes(content)});
}

}  // namespace

TEST(FilesAreForTheirOwnerOnly) {
  const ScratchDirectory scratch;
  CHECK(MakeDirectories(PosixEnv(), scratch / "a/b/c").ok());
  CHECK(Write(scratch / "a/b/c/file", "content").ok());
  CHECK_EQ(ModeOf(scratch / "a"), 0700u);
  CHECK_EQ(ModeOf(scratch / "a/b/c"), 0700u);
  CHECK_EQ(ModeOf(scratch / "a/b/c/file"), 0600u);
}

TEST(CreateRefusesATakenName) {
  const ScratchDirectory scratch;
  CHECK(PosixEnv().Create(scratch / "file").ok());
  CHECK_EQ(PosixEnv().Create(scratch / "file").status().errno_value(), EEXIST);
}

TEST(ReadRefusesAFileOverTheLimit) {
  const ScratchDirectory scratch;
  CHECK(Write(scratch / "file", "12345").ok());
  CHECK_EQ(PosixEnv().Read(scratch / "file", 5).value(), "12345");
  CHECK(PosixEnv().Read(scratch / "file", 4).status().kind() == StatusKind::kCorruption);
}

TEST(ADirectoryOrAFifoWhereAFileShouldBeIsCorruptionAndDoesNotHang) {
  const ScratchDirectory scratch;
  CHECK_EQ(::mkfifo((scratch / "fifo").c_str(), 0600), 0);
  CHECK(PosixEnv().Map(scratch / "fifo").status().kind() == StatusKind::kCorruption);
  CHECK(PosixEnv().Read(scratch / "", 10).status().kind() == StatusKind::kCorruption);
  CHECK(PosixEnv().FileSize(scratch / "fifo").status().kind() == StatusKind::kCorruption);
}

TEST(MakeDirectoriesSaysWhenAFileIsInTheWay) {
  const ScratchDirectory scratch;
  CHECK(Write(scratch / "file", "").ok());
  CHECK_EQ(MakeDirectories(PosixEnv(), scratch / "file").errno_value(), ENOTDIR);
  CHECK_EQ(MakeDirectories(PosixEnv(), scratch / "file/below").errno_value(), ENOTDIR);
}

TEST(AMappingOutlivesItsFile) {
  const ScratchDirectory scratch;
  CHECK(Write(scratch / "file", "old content").ok());
  const FileView view = PosixEnv().Map(scratch / "file").value();
  CHECK(Write(scratch / "file", "new").ok());
  CHECK(PosixEnv().Remove(scratch / "file").ok());
  CHECK_EQ(std::string(view.bytes.begin(), view.bytes.end()), "old content");
}

TEST(AnEmptyFileCanBeMapped) {
  const ScratchDirectory scratch;
  CHECK(Write(scratch / "file", "").ok());
  CHECK(PosixEnv().Map(scratch / "file").value().bytes.empty());
}

TEST(ManyThreadsPutAndOpenTheSameBlobs) {
  const ScratchDirectory scratch;
  const BlobStore store(PosixEnv(), scratch / "store");
  std::vector<std::thread> threads;
  std::vector<int> bad(4, 0);
  for (std::size_t t = 0; t < bad.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string data = "blob " + std::to_string(i);
        const auto name = store.Put(AsBytes(data));
        if (!name.ok() || !store.Open(name.value()).ok()) ++bad[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int count : bad) CHECK_EQ(count, 0);
  CHECK(std::filesystem::is_empty(scratch / "store/tmp"));
}

HARNESS_MAIN
