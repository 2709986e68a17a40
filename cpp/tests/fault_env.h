// A file system in memory that can die, fill up, write short, and lose what was not synced.
//
// It keeps two states: what processes see, and what is on the device. Sync() and SyncDirectory() copy from the first to
// the second. Restart() then shows what a crash may leave.
#pragma once

#include <algorithm>
#include <cerrno>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/atomic_file.h"
#include "core/env.h"

namespace jitserve::testing {

enum class Crash {
  kProcessKilled,        // everything that was done is there
  kPowerCut,             // names and contents that were not synced are gone
  kPowerCutNamesStayed,  // a journal kept the names (a rename, say), but contents that were not synced are gone
};

inline constexpr Crash kEveryCrash[] = {Crash::kProcessKilled, Crash::kPowerCut, Crash::kPowerCutNamesStayed};

class FaultEnv final : public Env {
 public:
  FaultEnv() { live_["/"] = durable_["/"] = Node{}; }

  // After n more operations, every operation fails: the process is dead.
  void DieAfter(std::size_t operations) { operations_left_ = operations; }
  bool dead() const { return operations_left_ == 0; }
  // No write takes more than this many bytes at once.
  void LimitWrites(std::size_t bytes) { write_limit_ = bytes; }
  // The device has this much space left; afterwards a write gives ENOSPC.
  void LimitSpace(std::size_t bytes) { space_left_ = bytes; }

  // The machine, or the process, comes back.
  void Restart(Crash crash) {
    operations_left_ = kForever;
    if (crash == Crash::kProcessKilled) return;
    if (crash == Crash::kPowerCut) live_ = durable_;
    std::erase_if(live_, [this](const auto& entry) { return !HasParents(entry.first); });
    for (auto& [path, node] : live_) {
      if (node.file) node.file->content = node.file->synced;
    }
  }

  // Test only: changes a file in place, which no part of jitserve ever does.
  std::string& Content(const std::string& path) { return live_.at(path).file->content; }
  std::vector<std::string> Names(const std::string& directory) const {
    std::vector<std::string> names;
    for (const auto& [path, node] : live_) {
      if (path != "/" && ParentDirectory(path) == directory) names.push_back(path);
    }
    return names;
  }

  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    if (Status status = Step(path); !status.ok()) return status;
    if (!HasParents(path)) return Status::NotFound(path);
    if (live_.contains(path)) return Status::IOError(EEXIST, path, "create");
    live_[path].file = std::make_shared<File>();
    return std::unique_ptr<WritableFile>(std::make_unique<Writer>(*this, path, live_[path].file));
  }

  Result<FileView> Map(const std::string& path) override {
    auto content = Read(path, std::numeric_limits<std::uint64_t>::max());
    if (!content.ok()) return content.status();
    auto owner = std::make_shared<const std::string>(std::move(content).value());
    const ByteView bytes = AsBytes(*owner);
    return FileView{std::move(owner), bytes};
  }

  Result<std::string> Read(const std::string& path, std::uint64_t max_size) override {
    if (Status status = Step(path); !status.ok()) return status;
    const auto found = live_.find(path);
    if (found == live_.end()) return Status::NotFound(path);
    if (!found->second.file) return Status::Corruption(path, "not a regular file");
    if (found->second.file->content.size() > max_size) return Status::Corruption(path, "larger than the limit");
    return found->second.file->content;
  }

  Result<std::uint64_t> FileSize(const std::string& path) override {
    auto content = Read(path, std::numeric_limits<std::uint64_t>::max());
    if (!content.ok()) return content.status();
    return std::uint64_t{content.value().size()};
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (Status status = Step(to); !status.ok()) return status;
    if (!live_.contains(from) || !HasParents(to)) return Status::NotFound(to);
    live_[to] = live_.at(from);
    live_.erase(from);
    return {};
  }

  Status Remove(const std::string& path) override {
    if (Status status = Step(path); !status.ok()) return status;
    return live_.erase(path) == 1 ? Status() : Status::NotFound(path);
  }

  Result<bool> MakeDirectory(const std::string& path) override {
    if (Status status = Step(path); !status.ok()) return status;
    if (!HasParents(path)) return Status::NotFound(path);
    return live_.try_emplace(path).second;
  }

  Status SyncDirectory(const std::string& directory) override {
    if (Status status = Step(directory); !status.ok()) return status;
    if (!live_.contains(directory)) return Status::NotFound(directory);
    const auto inside = [&](const auto& entry) {
      return entry.first != "/" && ParentDirectory(entry.first) == directory;
    };
    std::erase_if(durable_, inside);
    for (const auto& entry : live_) {
      if (inside(entry)) durable_[entry.first] = entry.second;
    }
    return {};
  }

 private:
  static constexpr std::size_t kForever = std::numeric_limits<std::size_t>::max();

  struct File {
    std::string content;
    std::string synced;
  };
  struct Node {
    std::shared_ptr<File> file;  // null: a directory
  };

  class Writer final : public WritableFile {
   public:
    Writer(FaultEnv& env, std::string path, std::shared_ptr<File> file)
        : env_(env), path_(std::move(path)), file_(std::move(file)) {}

    Result<std::size_t> Write(ByteView data) override {
      if (Status status = env_.Step(path_); !status.ok()) return status;
      const std::size_t size = std::min({data.size(), env_.write_limit_, env_.space_left_});
      if (size == 0) return Status::IOError(ENOSPC, path_, "write");
      if (env_.space_left_ != kForever) env_.space_left_ -= size;
      file_->content.append(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(size));
      return size;
    }
    Status Sync() override {
      if (Status status = env_.Step(path_); !status.ok()) return status;
      file_->synced = file_->content;
      return {};
    }
    Status Close() override { return env_.Step(path_); }

   private:
    FaultEnv& env_;
    const std::string path_;
    const std::shared_ptr<File> file_;
  };

  Status Step(const std::string& path) {
    if (operations_left_ == 0) return Status::IOError(EIO, path, "the process is dead");
    if (operations_left_ != kForever) --operations_left_;
    return {};
  }

  bool HasParents(const std::string& path) const {
    return path == "/" || (live_.contains(ParentDirectory(path)) && HasParents(ParentDirectory(path)));
  }

  std::map<std::string, Node> live_;
  std::map<std::string, Node> durable_;
  std::size_t operations_left_ = kForever;
  std::size_t write_limit_ = kForever;
  std::size_t space_left_ = kForever;
};

}  // namespace jitserve::testing
