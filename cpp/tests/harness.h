// The whole test framework: TEST defines a case, CHECK and CHECK_EQ end it with a message, HARNESS_MAIN runs them all.
#pragma once

#include <concepts>
#include <cstdio>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace jitserve::testing {

struct Case {
  const char* name;
  void (*body)();
};

inline std::vector<Case>& Cases() {
  static std::vector<Case> cases;
  return cases;
}

inline bool Register(const char* name, void (*body)()) {
  Cases().push_back({name, body});
  return true;
}

[[noreturn]] inline void Fail(const char* file, int line, const std::string& what) {
  throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": " + what);
}

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

template <typename T>
std::string Show(const T& value) {
  std::ostringstream out;
  if constexpr (Printable<T>) {
    out << value;
  } else {
    out << "(" << sizeof(value) << " bytes)";
  }
  return out.str();
}

template <typename A, typename B>
void CheckEqual(const A& left, const B& right, const char* expression, const char* file, int line) {
  if (!(left == right)) Fail(file, line, std::string(expression) + ": " + Show(left) + " vs " + Show(right));
}

inline int RunAll() {
  int failed = 0;
  for (const Case& test : Cases()) {
    try {
      test.body();
      std::printf("ok    %s\n", test.name);
    } catch (const std::exception& error) {
      ++failed;
      std::printf("FAIL  %s\n      %s\n", test.name, error.what());
    }
  }
  std::printf("%zu tests, %d failed\n", Cases().size(), failed);
  return failed == 0 && !Cases().empty() ? 0 : 1;
}

}  // namespace jitserve::testing

#define TEST(name)                                                                            \
  static void name();                                                                         \
  [[maybe_unused]] static const bool name##_known = jitserve::testing::Register(#name, name); \
  static void name()

#define CHECK(condition)                                                                    \
  do {                                                                                      \
    if (!(condition)) jitserve::testing::Fail(__FILE__, __LINE__, "not true: " #condition); \
  } while (false)

#define CHECK_EQ(left, right) jitserve::testing::CheckEqual((left), (right), #left " == " #right, __FILE__, __LINE__)

#define HARNESS_MAIN \
  int main() { return jitserve::testing::RunAll(); }
