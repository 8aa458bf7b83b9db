// Names with numbers in them, in the order in which a person counts.
#pragma once
#include <algorithm>    // std::find, std::min
#include <string>       // std::string
#include <string_view>  // std::string_view
#include <utility>      // std::pair
#include <vector>       // std::vector

#include "basin/core/error.hpp"  // require

namespace basin::inline BASIN_ABI::detail {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// < 0, 0 or > 0 as the numbers that two runs of digits are, of any length: x is less than, equal to or more
/// than y.
inline int compare_digits(std::string_view x, std::string_view y) {
  const auto significant = [](std::string_view s) {
    return s.substr(std::min(s.find_first_not_of('0'), s.size()));
  };
  x = significant(x);
  y = significant(y);
  if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
  return x.compare(y);
}

/// Whether a comes before b where runs of digits are compared as numbers and all else byte by byte: "x2"
/// before "x10". Different names are never equal.
inline bool natural_less(std::string_view a, std::string_view b) {
  const auto digits = [](std::string_view s, std::size_t at) {
    std::size_t end = at;
    while (end < s.size() && is_digit(s[end])) ++end;
    return s.substr(at, end - at);
  };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    const std::string_view x = digits(a, i), y = digits(b, j);
    if (!x.empty() && !y.empty()) {
      if (const int order = compare_digits(x, y); order != 0) return order < 0;
      i += x.size();
      j += y.size();
    } else {
      if (a[i] != b[j]) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]);
      ++i;
      ++j;
    }
  }
  const std::size_t left_of_a = a.size() - i, left_of_b = b.size() - j;
  return left_of_a != left_of_b ? left_of_a < left_of_b : a < b;
}

/// The order of dotted names such as "encoder.10.weight", component by component. Of two components that
/// differ, those in a list come in the order of the list, with or without digits at their ends ("fc" is there
/// for "fc1" and "fc2"), and those that are the same but for these digits in the order of the numbers. The
/// order of others is not known.
class DottedOrder {
 public:
  explicit DottedOrder(std::vector<std::string> list) : list_(std::move(list)) {}

  /// Whether a comes before b. Throws std::invalid_argument where that is not known.
  bool operator()(std::string_view a, std::string_view b) const {
    while (!a.empty() && !b.empty()) {
      const auto [x, rest_of_a] = split(a);
      const auto [y, rest_of_b] = split(b);
      if (x != y) return component_less(x, y);
      a = rest_of_a;
      b = rest_of_b;
    }
    return a.size() < b.size();
  }

 private:
  static std::pair<std::string_view, std::string_view> split(std::string_view name) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    return {name.substr(0, dot), name.substr(std::min(dot + 1, name.size()))};
  }
  static std::string_view stem(std::string_view s) {
    while (!s.empty() && is_digit(s.back())) s.remove_suffix(1);
    return s;
  }
  /// Where the list has the component, or its size.
  std::size_t rank(std::string_view s) const {
    const auto exact = std::find(list_.begin(), list_.end(), s);
    const auto found = exact != list_.end() ? exact : std::find(list_.begin(), list_.end(), stem(s));
    return static_cast<std::size_t>(found - list_.begin());
  }
  bool component_less(std::string_view x, std::string_view y) const {
    const std::size_t i = rank(x), j = rank(y);
    if (i != j && i < list_.size() && j < list_.size()) return i < j;
    require(stem(x) == stem(y), "whether \"", x, "\" or \"", y, "\" comes first is not known");
    const int order = compare_digits(x.substr(stem(x).size()), y.substr(stem(y).size()));
    return order != 0 ? order < 0 : x < y;
  }

  std::vector<std::string> list_;
};

}  // namespace basin::detail
