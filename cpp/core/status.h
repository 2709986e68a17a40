// What can go wrong in the core, as a value. Nothing in cpp/core throws on purpose.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace jitserve {

// Tests and callers look at the kind; people read the message.
//   kNotFound         there is no such file
//   kCorruption       the bytes are there, and they are wrong
//   kInvalidArgument  the caller broke a rule of the interface
//   kIOError          the operating system refused; errno_value() says why
enum class StatusKind { kOk, kNotFound, kCorruption, kInvalidArgument, kIOError };

class [[nodiscard]] Status {
 public:
  Status() = default;  // ok

  // `path` is the file that was being worked on, or empty.
  static Status NotFound(std::string path);
  static Status Corruption(std::string path, std::string message);
  static Status InvalidArgument(std::string message);
  static Status IOError(int errno_value, std::string path, std::string operation);

  bool ok() const { return kind_ == StatusKind::kOk; }
  StatusKind kind() const { return kind_; }
  int errno_value() const { return errno_value_; }
  const std::string& path() const { return path_; }
  const std::string& message() const { return message_; }

 private:
  Status(StatusKind kind, int errno_value, std::string path, std::string message)
      : kind_(kind), errno_value_(errno_value), path_(std::move(path)), message_(std::move(message)) {}

  StatusKind kind_ = StatusKind::kOk;
  int errno_value_ = 0;
  std::string path_;
  std::string message_;
};

// A value, or the Status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}         // NOLINT: implicit by design
  Result(Status status) : state_(std::in_place_index<1>, std::move(status)) {}  // NOLINT: implicit by design

  bool ok() const { return state_.index() == 0; }
  const Status& status() const {
    static const Status kOk;
    return ok() ? kOk : std::get<1>(state_);
  }
  // REQUIRES: ok()
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace jitserve
