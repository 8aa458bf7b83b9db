#include "support/checkpoint.hpp"

#include <array>         // std::array
#include <charconv>      // std::from_chars, std::to_chars
#include <system_error>  // std::errc

namespace basin::examples::detail {

double number_in(const std::map<std::string, std::string>& metadata, const std::string& name,
                 const std::filesystem::path& file) {
  const auto found = metadata.find(name);
  if (found == metadata.end()) throw FileError(text(file.string(), ": has no remark \"", name, "\""));
  const std::string& s = found->second;
  double x = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), x);
  if (error != std::errc() || end != s.data() + s.size())
    throw FileError(text(file.string(), ": remark \"", name, "\" is \"", s, "\", expected a number"));
  return x;
}

std::string exact(double x) {
  std::array<char, 64> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), x).ptr};
}

}  // namespace basin::examples::detail
