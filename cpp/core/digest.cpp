#include "core/digest.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace jitserve {
namespace {

void Require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL could not compute a SHA-256 digest");
}

// Fetched once: EVP_sha256() makes OpenSSL 3 look the algorithm up again at every init, which costs more than hashing a
// small token stream.
const EVP_MD* Algorithm() {
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
#else
  static const EVP_MD* const kAlgorithm = EVP_sha256();
#endif
  Require(kAlgorithm != nullptr);
  return kAlgorithm;
}

}  // namespace

std::string HexOf(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (std::uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

void Hasher::FreeContext::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Hasher::Hasher() : context_(EVP_MD_CTX_new()) {
  Require(context_ != nullptr && EVP_DigestInit_ex(context_.get(), Algorithm(), nullptr) == 1);
}

void Hasher::Update(ByteView data) {
  if (data.empty()) return;
  Require(EVP_DigestUpdate(context_.get(), data.data(), data.size()) == 1);
}

Hasher Hasher::Clone() const {
  Hasher copy;
  Require(EVP_MD_CTX_copy_ex(copy.context_.get(), context_.get()) == 1);
  return copy;
}

Digest Hasher::Close() && {
  Digest digest;
  unsigned int size = 0;
  Require(EVP_DigestFinal_ex(context_.get(), digest.bytes.data(), &size) == 1 && size == Digest::kSize);
  return digest;
}

Digest Sha256(ByteView data) {
  Digest digest;
  unsigned int size = 0;
  Require(EVP_Digest(data.data(), data.size(), digest.bytes.data(), &size, Algorithm(), nullptr) == 1 &&
          size == Digest::kSize);
  return digest;
}

}  // namespace jitserve
