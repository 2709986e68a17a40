// Numbers as bytes, the same on every machine.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>

#include "core/digest.h"

namespace jitserve {

template <std::unsigned_integral T>
std::array<std::uint8_t, sizeof(T)> LittleEndian(T value) {
  std::array<std::uint8_t, sizeof(T)> bytes{};
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
  return bytes;
}

// REQUIRES: bytes.size() >= sizeof(T)
template <std::unsigned_integral T>
T FromLittleEndian(ByteView bytes) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>(value | (static_cast<T>(bytes[i]) << (8 * i)));
  return value;
}

}  // namespace jitserve
