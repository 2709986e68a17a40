// SHA-256, through OpenSSL's EVP interface (which picks SHA-NI where the processor has it). Never truncated.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // EVP_MD_CTX; OpenSSL's headers stay out of ours

namespace jitserve {

using ByteView = std::span<const std::uint8_t>;

inline ByteView AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string HexOf(ByteView bytes);  // lower-case

struct Digest {
  static constexpr std::size_t kSize = 32;
  std::array<std::uint8_t, kSize> bytes{};

  std::string Hex() const { return HexOf(bytes); }
  ByteView view() const { return bytes; }
  auto operator<=>(const Digest&) const = default;
};

// A digest over bytes that arrive in pieces. Not thread-safe.
//
// Throws std::runtime_error if OpenSSL cannot offer SHA-256 (no memory, a crippled provider): there is nothing sensible
// that a caller could do with a Status here.
class Hasher {
 public:
  Hasher();
  void Update(ByteView data);
  // The digest of everything so far; more may follow.
  Digest Finish() const { return Clone().Close(); }
  // Another hasher that has seen the same bytes.
  Hasher Clone() const;
  // Like Finish(), without the copy that makes it possible to go on.
  Digest Close() &&;

 private:
  struct FreeContext {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, FreeContext> context_;
};

Digest Sha256(ByteView data);

}  // namespace jitserve
