#include "core/blob_store.h"

#include "core/atomic_file.h"
#include "fault_env.h"
#include "harness.h"

using namespace jitserve;
using namespace jitserve::testing;

namespace {

const std::string kFirst = "the first blob";
const std::string kSecond = "the second blob, which is longer than one write";

BlobName NameOf(const std::string& data) { return {Sha256(AsBytes(data)), data.size()}; }

std::string Opened(const BlobStore& store, const std::string& data) {
  const auto view = store.Open(NameOf(data));
  if (!view.ok()) return "status: " + view.status().message();
  return std::string(view.value().bytes.begin(), view.value().bytes.end());
}

StatusKind OpenedAs(const BlobStore& store, const std::string& data) {
  return store.Open(NameOf(data)).status().kind();
}

}  // namespace

TEST(APutBlobCanBeOpenedAndHasItsNameInItsPath) {
  FaultEnv env;
  const BlobStore store(env, "/store");
  const auto name = store.Put(AsBytes(kFirst));
  CHECK(name.ok());
  CHECK(name.value().digest == NameOf(kFirst).digest);
  CHECK_EQ(Opened(store, kFirst), kFirst);
  const std::string hex = NameOf(kFirst).digest.Hex();
  CHECK_EQ(store.Path(name.value()), "/store/blobs/" + hex.substr(0, 2) + "/" + hex + "-14");
}

TEST(TheEmptyBlobIsABlob) {
  FaultEnv env;
  const BlobStore store(env, "/store");
  CHECK(store.Put({}).ok());
  CHECK_EQ(Opened(store, ""), "");
}

TEST(AMissingBlobIsNotFound) {
  FaultEnv env;
  const BlobStore store(env, "/store");
  CHECK(OpenedAs(store, kFirst) == StatusKind::kNotFound);
  CHECK(!store.Has(NameOf(kFirst)).value());
  CHECK(!store.Remove(NameOf(kFirst)).value());
}

TEST(ARemovedBlobIsGone) {
  FaultEnv env;
  const BlobStore store(env, "/store");
  CHECK(store.Put(AsBytes(kFirst)).ok());
  CHECK(store.Has(NameOf(kFirst)).value());
  CHECK(store.Remove(NameOf(kFirst)).value());
  CHECK(OpenedAs(store, kFirst) == StatusKind::kNotFound);
}

TEST(PuttingTheSameAgainWritesNothing) {
  FaultEnv env;
  const BlobStore store(env, "/store");
  CHECK(store.Put(AsBytes(kFirst)).ok());
  env.LimitSpace(0);
  CHECK(store.Put(AsBytes(kFirst)).ok());
}

TEST(AFlippedByteIsCorruptionUntilThePutThatReplacesIt) {
  FaultEnv env;
  const BlobStore store(env, "/store");
  for (std::size_t at = 0; at < kFirst.size(); ++at) {
    CHECK(store.Put(AsBytes(kFirst)).ok());
    char& byte = env.Content(store.Path(NameOf(kFirst)))[at];
    byte = static_cast<char>(byte ^ 1);
    CHECK(OpenedAs(store, kFirst) == StatusKind::kCorruption);
    CHECK(store.Put(AsBytes(kFirst)).ok());
    CHECK_EQ(Opened(store, kFirst), kFirst);
  }
}

TEST(AWrongSizeIsCorruption) {
  FaultEnv env;
  const BlobStore store(env, "/store");
  CHECK(store.Put(AsBytes(kFirst)).ok());
  env.Content(store.Path(NameOf(kFirst))).push_back('x');
  CHECK(!store.Has(NameOf(kFirst)).value());
  CHECK(OpenedAs(store, kFirst) == StatusKind::kCorruption);
}

TEST(ShortWritesAreContinued) {
  FaultEnv env;
  env.LimitWrites(1);
  const BlobStore store(env, "/store");
  CHECK(store.Put(AsBytes(kSecond)).ok());
  CHECK_EQ(Opened(store, kSecond), kSecond);
}

TEST(AFullDeviceIsAnErrorAndLeavesNothing) {
  for (std::size_t space = 0; space < kSecond.size(); ++space) {
    FaultEnv env;
    env.LimitSpace(space);
    const BlobStore store(env, "/store");
    CHECK_EQ(store.Put(AsBytes(kSecond)).status().errno_value(), ENOSPC);
    CHECK(env.Names("/store/tmp").empty());
    CHECK(OpenedAs(store, kSecond) == StatusKind::kNotFound);
  }
}

// Whatever the crash: what was acknowledged is there, what was not is there or absent, and nothing is ever wrong.
TEST(ACrashAtAnyOperationOfAPutLosesNothingAndInventsNothing) {
  for (Crash crash : kEveryCrash) {
    for (bool first_is_there : {false, true}) {
      bool died = true;
      for (std::size_t n = 0; died; ++n) {
        FaultEnv env;
        env.LimitWrites(20);
        const BlobStore store(env, "/store");
        if (first_is_there) CHECK(store.Put(AsBytes(kFirst)).ok());
        env.DieAfter(n);
        const bool acknowledged = store.Put(AsBytes(kSecond)).ok();
        died = env.dead();
        env.Restart(crash);
        if (first_is_there) CHECK_EQ(Opened(store, kFirst), kFirst);
        const StatusKind kind = OpenedAs(store, kSecond);
        CHECK(kind == StatusKind::kOk || (!acknowledged && kind == StatusKind::kNotFound));
        CHECK(store.Put(AsBytes(kSecond)).ok());
        CHECK_EQ(Opened(store, kSecond), kSecond);
      }
    }
  }
}

TEST(ACrashWhileReplacingACorruptBlobNeverServesIt) {
  for (Crash crash : kEveryCrash) {
    bool died = true;
    for (std::size_t n = 0; died; ++n) {
      FaultEnv env;
      const BlobStore store(env, "/store");
      CHECK(store.Put(AsBytes(kFirst)).ok());
      env.Content(store.Path(NameOf(kFirst)))[0] ^= 1;
      env.DieAfter(n);
      const bool acknowledged = store.Put(AsBytes(kFirst)).ok();
      died = env.dead();
      env.Restart(crash);
      const std::string content = Opened(store, kFirst);
      CHECK(content == kFirst || (!acknowledged && content == "status: digest mismatch"));
    }
  }
}

// Two processes put the same blob. The first dies anywhere, say between its rename and its sync, or between making a
// directory and syncing that; the other one finds what is there, and is told that the blob is stored; then the power
// goes.
TEST(AnAcknowledgedPutOfAPresentBlobSurvivesItsWritersDeath) {
  bool came_to_it = false;
  bool died = true;
  for (std::size_t n = 0; died; ++n) {
    FaultEnv env;
    const BlobStore store(env, "/store");
    CHECK(MakeDirectories(env, "/store").ok());
    env.DieAfter(n);
    const bool acknowledged = store.Put(AsBytes(kSecond)).ok();
    died = env.dead();
    env.Restart(Crash::kProcessKilled);
    came_to_it |= !acknowledged && OpenedAs(store, kSecond) == StatusKind::kOk;
    CHECK(store.Put(AsBytes(kSecond)).ok());
    env.Restart(Crash::kPowerCut);
    CHECK_EQ(Opened(store, kSecond), kSecond);
  }
  CHECK(came_to_it);
}

HARNESS_MAIN
