// The canonical token stream: what every key of jitserve is a digest of.
//
//   stream = *token
//   token  = tag length payload
//   tag    = one byte, see TokenTag
//   length = 8 bytes, little-endian: size of the payload
//
//   payload of kInt      two's complement, little-endian, exactly bit_length(|v|) / 8 + 1 bytes
//   payload of kFloat    the 8 bytes of the IEEE 754 double, little-endian; kComplex: two of them, real part first
//   payload of kStr      UTF-8; lone surrogates as their three-byte form (Python's "surrogatepass")
//   payload of kBegin    8 bytes little-endian: number of children; then the container's name
//
// Framing makes it injective: two different sequences of calls never give the same bytes. The type is part of a token,
// so 1, True, 1.0 and "1" differ, and so do 0.0 and -0.0, and two NaNs with different payloads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/digest.h"

namespace jitserve {

// The values are part of every key: never change or reuse one.
enum class TokenTag : std::uint8_t {
  kNone = 'N',
  kTrue = 'T',
  kFalse = 'F',
  kEllipsis = 'E',
  kInt = 'i',
  kFloat = 'f',
  kComplex = 'c',
  kStr = 's',
  kBytes = 'b',
  kDigest = 'd',
  kTag = 't',
  kBegin = '(',
};

class Tokens {
 public:
  // With `capture`, Text() can show what went in. It costs memory and time: for people, not for keys.
  explicit Tokens(bool capture = false) : capture_(capture) {}

  void None() { Emit(TokenTag::kNone, {}); }
  void Bool(bool value) { Emit(value ? TokenTag::kTrue : TokenTag::kFalse, {}); }
  void Ellipsis() { Emit(TokenTag::kEllipsis, {}); }
  void Int(std::int64_t value);
  // REQUIRES: `twos_complement` is in the form described above; for integers beyond 64 bits.
  void BigInt(ByteView twos_complement) { Emit(TokenTag::kInt, twos_complement); }
  void Float(double value);
  void Complex(double real, double imaginary);
  void Str(std::string_view utf8) { Emit(TokenTag::kStr, AsBytes(utf8)); }
  void Bytes(ByteView value) { Emit(TokenTag::kBytes, value); }
  void DigestOf(const Digest& digest) { Emit(TokenTag::kDigest, digest.view()); }
  void Tag(std::string_view name) { Emit(TokenTag::kTag, AsBytes(name)); }
  void Begin(std::string_view name, std::uint64_t children);

  // The digest of everything so far; more may follow.
  Digest Finish() const;

  bool capturing() const { return capture_; }
  // One readable line a token. REQUIRES: capturing()
  const std::string& Text() const { return text_; }

 private:
  void Emit(TokenTag tag, ByteView payload);
  void Append(ByteView data);

  // Tokens are small and EVP calls are not free, so they are gathered first.
  static constexpr std::size_t kBufferSize = 4096;

  bool capture_;
  Hasher hasher_;
  std::string pending_;
  std::string text_;
};

}  // namespace jitserve
