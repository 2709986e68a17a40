#include "core/digest.h"

#include <algorithm>

#include "harness.h"

using jitserve::AsBytes;
using jitserve::Hasher;
using jitserve::Sha256;

// Vectors from FIPS 180-4's examples.
TEST(KnownVectors) {
  CHECK_EQ(Sha256({}).Hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK_EQ(Sha256(AsBytes("abc")).Hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK_EQ(Sha256(AsBytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")).Hex(),
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK_EQ(Sha256(AsBytes(std::string(1000000, 'a'))).Hex(),
           "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(PiecesGiveTheSameDigestAsOneShot) {
  const std::string data(10000, 'x');
  Hasher hasher;
  for (std::size_t at = 0; at < data.size(); at += 77)
    hasher.Update(AsBytes(data).subspan(at, std::min<std::size_t>(77, data.size() - at)));
  CHECK_EQ(hasher.Finish().Hex(), Sha256(AsBytes(data)).Hex());
}

TEST(FinishCanBeRepeatedAndFollowed) {
  Hasher hasher;
  hasher.Update(AsBytes("ab"));
  CHECK_EQ(hasher.Finish().Hex(), Sha256(AsBytes("ab")).Hex());
  CHECK_EQ(hasher.Finish().Hex(), Sha256(AsBytes("ab")).Hex());
  hasher.Update(AsBytes("c"));
  CHECK_EQ(hasher.Finish().Hex(), Sha256(AsBytes("abc")).Hex());
}

HARNESS_MAIN
