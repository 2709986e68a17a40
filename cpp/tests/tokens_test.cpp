#include "core/tokens.h"

#include <bit>
#include <functional>
#include <limits>
#include <set>

#include "core/little_endian.h"
#include "harness.h"

using jitserve::AsBytes;
using jitserve::ByteView;
using jitserve::LittleEndian;
using jitserve::Sha256;
using jitserve::Tokens;

namespace {

std::string DigestAfter(const std::function<void(Tokens&)>& emit) {
  Tokens tokens;
  emit(tokens);
  return tokens.Finish().Hex();
}

std::string Framed(char tag, std::string payload) {
  const auto length = LittleEndian(std::uint64_t{payload.size()});
  return std::string(1, tag) + std::string(length.begin(), length.end()) + payload;
}

void CheckInt(std::int64_t value, const std::string& payload) {
  CHECK_EQ(DigestAfter([&](Tokens& t) { t.Int(value); }), Sha256(AsBytes(Framed('i', payload))).Hex());
}

}  // namespace

// The bytes are a format: every key of every store depends on them.
TEST(TheStreamIsTagLengthPayload) {
  const std::string expected = Framed('N', "") + Framed('T', "") + Framed('F', "") + Framed('E', "") +
                               Framed('s', "text") + Framed('b', std::string("\0\1", 2)) + Framed('t', "mark") +
                               Framed('(', std::string("\2\0\0\0\0\0\0\0", 8) + "tuple") +
                               Framed('f', std::string("\0\0\0\0\0\0\xf8\x3f", 8));
  const std::string actual = DigestAfter([](Tokens& t) {
    t.None();
    t.Bool(true);
    t.Bool(false);
    t.Ellipsis();
    t.Str("text");
    t.Bytes(AsBytes(std::string_view("\0\1", 2)));
    t.Tag("mark");
    t.Begin("tuple", 2);
    t.Float(1.5);
  });
  CHECK_EQ(actual, Sha256(AsBytes(expected)).Hex());
}

TEST(IntegersAreTwosComplementOfOneSpareBit) {
  CheckInt(0, std::string("\0", 1));
  CheckInt(1, "\1");
  CheckInt(-1, "\xff");
  CheckInt(127, "\x7f");
  CheckInt(128, std::string("\x80\0", 2));
  CheckInt(-128, "\x80\xff");
  CheckInt(std::numeric_limits<std::int64_t>::max(), "\xff\xff\xff\xff\xff\xff\xff\x7f");
  CheckInt(std::numeric_limits<std::int64_t>::min(), std::string("\0\0\0\0\0\0\0\x80\xff", 9));
}

TEST(SmallAndBigIntegersMeetWithoutAGap) {
  const std::string minimum("\0\0\0\0\0\0\0\x80\xff", 9);
  CHECK_EQ(DigestAfter([&](Tokens& t) { t.BigInt(AsBytes(minimum)); }),
           DigestAfter([](Tokens& t) { t.Int(std::numeric_limits<std::int64_t>::min()); }));
}

TEST(ValuesThatCompareEqualStayApart) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double other_nan = std::bit_cast<double>(std::bit_cast<std::uint64_t>(nan) | 1);
  const std::set<std::string> digests = {
      DigestAfter([](Tokens& t) { t.Int(1); }),      DigestAfter([](Tokens& t) { t.Bool(true); }),
      DigestAfter([](Tokens& t) { t.Float(1.0); }),  DigestAfter([](Tokens& t) { t.Complex(1.0, 0.0); }),
      DigestAfter([](Tokens& t) { t.Str("1"); }),    DigestAfter([](Tokens& t) { t.Bytes(AsBytes("1")); }),
      DigestAfter([](Tokens& t) { t.Tag("1"); }),    DigestAfter([](Tokens& t) { t.Float(0.0); }),
      DigestAfter([](Tokens& t) { t.Float(-0.0); }), DigestAfter([&](Tokens& t) { t.Float(nan); }),
      DigestAfter([](Tokens& t) { t.Int(0); }),      DigestAfter([&](Tokens& t) { t.Float(other_nan); }),
      DigestAfter([](Tokens& t) { t.None(); }),      DigestAfter([](Tokens&) {}),
  };
  CHECK_EQ(digests.size(), std::size_t{14});
}

TEST(BoundariesBetweenTokensCount) {
  CHECK(DigestAfter([](Tokens& t) { t.Str("a"), t.Str("bc"); }) !=
        DigestAfter([](Tokens& t) { t.Str("ab"), t.Str("c"); }));
  CHECK(DigestAfter([](Tokens& t) { t.Str(""), t.Str("a"); }) != DigestAfter([](Tokens& t) { t.Str("a"); }));
}

TEST(BufferingDoesNotShow) {
  for (std::size_t size : {4086u, 4087u, 4088u, 4096u, 4097u, 10000u}) {
    const std::string big(size, 'z');
    CHECK_EQ(DigestAfter([&](Tokens& t) { t.Int(1), t.Str(big), t.Int(1); }),
             Sha256(AsBytes(Framed('i', "\1") + Framed('s', big) + Framed('i', "\1"))).Hex());
  }
}

TEST(FinishCanBeFollowed) {
  Tokens tokens;
  tokens.Int(1);
  (void)tokens.Finish();
  tokens.Int(2);
  CHECK_EQ(tokens.Finish().Hex(), DigestAfter([](Tokens& t) { t.Int(1), t.Int(2); }));
}

TEST(CaptureIsOneReadableLineAToken) {
  Tokens tokens(true);
  tokens.Begin("tuple", 3);
  tokens.Int(-7);
  tokens.Float(0.5);
  tokens.Str("a\nb\"");
  CHECK_EQ(tokens.Text(), "begin \"tuple\" 3\nint -7\nfloat 0.5 (000000000000e03f)\nstr \"a\\x0ab\\\"\"\n");
  CHECK_EQ(tokens.Finish().Hex(), DigestAfter([](Tokens& t) {
             t.Begin("tuple", 3);
             t.Int(-7);
             t.Float(0.5);
             t.Str("a\nb\"");
           }));
}

HARNESS_MAIN
