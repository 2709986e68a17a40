#include "core/record.h"

#include "core/atomic_file.h"
#include "fault_env.h"
#include "harness.h"

using namespace jitserve;
using namespace jitserve::testing;

namespace {

constexpr const char* kPath = "/store/manifests/ab/key";

StatusKind DecodedAs(std::string_view bytes) { return DecodeRecord(AsBytes(bytes), kPath).status().kind(); }

Status Write(Env& env, std::string_view payload) { return WriteRecord(env, kPath, AsBytes(payload), "/store/tmp"); }

}  // namespace

TEST(EncodedRecordMatchesItsDescription) {
  const std::string record = EncodeRecord(AsBytes("hi")).value();
  const std::string body = std::string("JSRV\1\0\0\0\2\0\0\0\0\0\0\0", 16) + "hi";
  CHECK(record.starts_with(body));
  CHECK_EQ(HexOf(AsBytes(record).subspan(body.size())), Sha256(AsBytes(body)).Hex());
}

TEST(EveryPayloadComesBack) {
  for (std::size_t size : {0u, 1u, 4096u, 100000u}) {
    const std::string payload(size, '\xa5');
    const std::string record = EncodeRecord(AsBytes(payload)).value();
    const auto decoded = DecodeRecord(AsBytes(record), kPath);
    CHECK(decoded.ok());
    CHECK_EQ(std::string(decoded.value().begin(), decoded.value().end()), payload);
  }
}

TEST(AnyFlippedByteIsCorruption) {
  const std::string record = EncodeRecord(AsBytes("payload")).value();
  for (std::size_t at = 0; at < record.size(); ++at) {
    for (char flip : {'\x01', '\x80', '\xff'}) {
      std::string bad = record;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      CHECK(DecodedAs(bad) == StatusKind::kCorruption);
    }
  }
}

TEST(AnyTruncationOrExtensionIsCorruption) {
  const std::string record = EncodeRecord(AsBytes("payload")).value();
  for (std::size_t size = 0; size < record.size(); ++size)
    CHECK(DecodedAs(record.substr(0, size)) == StatusKind::kCorruption);
  CHECK(DecodedAs(record + '\0') == StatusKind::kCorruption);
}

TEST(AnotherVersionIsNamed) {
  std::string record = EncodeRecord(AsBytes("payload")).value();
  record[4] = 2;
  CHECK_EQ(DecodeRecord(AsBytes(record), kPath).status().message(), "record version 2, expected 1");
}

TEST(AHugeLengthAllocatesNothing) {
  std::string record = EncodeRecord(AsBytes("payload")).value();
  record.replace(8, 8, std::string(8, '\xff'));
  CHECK(DecodedAs(record) == StatusKind::kCorruption);
}

TEST(TooBigAPayloadIsRefused) {
  const std::string payload(kMaxRecordPayload + 1, 'x');
  CHECK(EncodeRecord(AsBytes(payload)).status().kind() == StatusKind::kInvalidArgument);
}

TEST(AMissingRecordIsNotFound) {
  FaultEnv env;
  CHECK(ReadRecord(env, kPath).status().kind() == StatusKind::kNotFound);
}

TEST(AWrittenRecordIsReadBackAndNoTemporaryStays) {
  FaultEnv env;
  CHECK(Write(env, "one").ok());
  CHECK(Write(env, "two").ok());
  CHECK_EQ(ReadRecord(env, kPath).value(), "two");
  CHECK(env.Names("/store/tmp").empty());
}

// Whatever the crash, a reader sees the old record or the new one; and the new one if the write was acknowledged.
TEST(ACrashAtAnyOperationLeavesOldOrNew) {
  for (Crash crash : kEveryCrash) {
    bool died = true;
    for (std::size_t n = 0; died; ++n) {
      FaultEnv env;
      env.LimitWrites(10);
      CHECK(Write(env, "the old payload").ok());
      env.DieAfter(n);
      const bool acknowledged = Write(env, "the new payload").ok();
      died = env.dead();
      env.Restart(crash);
      const std::string payload = ReadRecord(env, kPath).value();
      CHECK(payload == "the new payload" || (!acknowledged && payload == "the old payload"));
      CHECK(Write(env, "the next payload").ok());
      CHECK_EQ(ReadRecord(env, kPath).value(), "the next payload");
    }
  }
}

// As above, and then another process writes a record, and then the power goes.
TEST(AnAcknowledgedRecordSurvivesWhatItsPredecessorLeftUnsynced) {
  bool died = true;
  for (std::size_t n = 0; died; ++n) {
    FaultEnv env;
    CHECK(MakeDirectories(env, "/store").ok());
    env.DieAfter(n);
    (void)Write(env, "of a process that dies");
    died = env.dead();
    env.Restart(Crash::kProcessKilled);
    CHECK(Write(env, "acknowledged").ok());
    env.Restart(Crash::kPowerCut);
    CHECK_EQ(ReadRecord(env, kPath).value(), "acknowledged");
  }
}

TEST(AFullDeviceLeavesTheOldRecordAndNoTemporary) {
  for (std::size_t space = 0; space < 60; ++space) {
    FaultEnv env;
    CHECK(Write(env, "old").ok());
    env.LimitSpace(space);
    const Status status = Write(env, "a payload of thirty bytes or so");
    if (status.ok()) continue;
    CHECK_EQ(status.errno_value(), ENOSPC);
    CHECK_EQ(ReadRecord(env, kPath).value(), "old");
    CHECK(env.Names("/store/tmp").empty());
  }
}

HARNESS_MAIN
