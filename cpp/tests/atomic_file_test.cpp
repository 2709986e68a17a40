#include "core/atomic_file.h"

#include "fault_env.h"
#include "harness.h"

using namespace jitserve;
using namespace jitserve::testing;

TEST(ParentDirectoryFollowsDirname) {
  CHECK_EQ(ParentDirectory("/a/b/c"), "/a/b");
  CHECK_EQ(ParentDirectory("/a"), "/");
  CHECK_EQ(ParentDirectory("a"), ".");
  CHECK_EQ(ParentDirectory("a/b"), "a");
}

TEST(MissingParentsAreMadeAndSurviveAPowerCut) {
  FaultEnv env;
  CHECK(MakeDirectories(env, "/a/b/c").ok());
  env.Restart(Crash::kPowerCut);
  CHECK(!env.MakeDirectory("/a/b/c").value());
}

TEST(PiecesAreConcatenated) {
  FaultEnv env;
  CHECK(WriteFileAtomically(env, "/", "/file", {AsBytes("ab"), {}, AsBytes("c")}).ok());
  CHECK_EQ(env.Content("/file"), "abc");
}

TEST(AMissingDirectoryIsNotFound) {
  FaultEnv env;
  CHECK(WriteFileAtomically(env, "/none", "/file", {}).kind() == StatusKind::kNotFound);
  CHECK(WriteFileAtomically(env, "/", "/none/file", {}).kind() == StatusKind::kNotFound);
  CHECK(env.Names("/").empty());
}

HARNESS_MAIN
