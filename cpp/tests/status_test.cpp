#include "core/status.h"

#include <cerrno>

#include "harness.h"

using jitserve::Result;
using jitserve::Status;
using jitserve::StatusKind;

TEST(DefaultStatusIsOk) {
  CHECK(Status().ok());
  CHECK(Status().message().empty());
}

TEST(IOErrorKeepsErrnoAndPathAndSaysWhatFailed) {
  const Status status = Status::IOError(ENOSPC, "/a/b", "write");
  CHECK(status.kind() == StatusKind::kIOError);
  CHECK_EQ(status.errno_value(), ENOSPC);
  CHECK_EQ(status.path(), "/a/b");
  CHECK_EQ(status.message(), "write: No space left on device");
}

TEST(NotFoundAndCorruptionAreDifferentKinds) {
  CHECK(Status::NotFound("/a").kind() == StatusKind::kNotFound);
  CHECK_EQ(Status::NotFound("/a").errno_value(), ENOENT);
  CHECK(Status::Corruption("/a", "bad").kind() == StatusKind::kCorruption);
}

TEST(ResultHoldsAValueOrAStatus) {
  const Result<std::string> good(std::string("value"));
  CHECK(good.ok());
  CHECK(good.status().ok());
  CHECK_EQ(good.value(), "value");
  const Result<std::string> bad(Status::InvalidArgument("no"));
  CHECK(!bad.ok());
  CHECK(bad.status().kind() == StatusKind::kInvalidArgument);
}

HARNESS_MAIN
