// Exact arithmetic for tests: sums and products of doubles without any rounding.
#pragma once
#include <algorithm>  // std::max, std::min
#include <cmath>      // std::frexp, std::ldexp
#include <cstdint>    // std::int64_t, std::uint32_t, std::uint64_t
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/core/types.hpp"  // Index, Mat, Vec

/// The number sign * (sum over k of limbs[k] 2^(32 (exponent + k))): every finite double is one, and so are
/// sums, differences and products. There is no division: tests multiply by the denominator.
class Dyadic {
 public:
  Dyadic() = default;
  Dyadic(double v) {  // NOLINT: implicit, as from one number to another
    if (v == 0) return;
    int e = 0;
    auto mantissa = static_cast<std::uint64_t>(std::ldexp(std::frexp(std::abs(v), &e), 53));
    e -= 53;
    exponent_ = e >= 0 ? e / 32 : -((31 - e) / 32);
    const int shift = e - 32 * exponent_;  // 0 to 31
    negative_ = v < 0;
    limbs_ = {static_cast<std::uint32_t>(mantissa << shift),
              static_cast<std::uint32_t>((mantissa << shift) >> 32),
              shift == 0 ? 0 : static_cast<std::uint32_t>(mantissa >> (64 - shift))};
    trim();
  }

  int sign() const { return limbs_.empty() ? 0 : negative_ ? -1 : 1; }
  Dyadic operator-() const {
    Dyadic r = *this;
    r.negative_ = !r.negative_;
    return r;
  }
  friend Dyadic abs(Dyadic a) {
    a.negative_ = false;
    return a;
  }
  friend Dyadic operator+(const Dyadic& a, const Dyadic& b) {
    if (a.limbs_.empty()) return b;
    if (b.limbs_.empty()) return a;
    const int low = std::min(a.exponent_, b.exponent_), high = std::max(a.end(), b.end());
    Dyadic r;
    r.exponent_ = low;
    r.limbs_.resize(static_cast<std::size_t>(high - low) + 1);
    if (a.negative_ == b.negative_) {
      r.negative_ = a.negative_;
      std::uint64_t carry = 0;
      for (int k = low; k <= high; ++k, carry >>= 32) {
        carry += std::uint64_t{a.limb(k)} + b.limb(k);
        r.limbs_[static_cast<std::size_t>(k - low)] = static_cast<std::uint32_t>(carry);
      }
    } else {
      const bool a_larger = compare_sizes(a, b) >= 0;
      const Dyadic &large = a_larger ? a : b, &small = a_larger ? b : a;
      r.negative_ = large.negative_;
      std::int64_t borrow = 0;
      for (int k = low; k <= high; ++k) {
        std::int64_t digit = std::int64_t{large.limb(k)} - small.limb(k) - borrow;
        borrow = digit < 0 ? 1 : 0;
        digit += borrow << 32;
        r.limbs_[static_cast<std::size_t>(k - low)] = static_cast<std::uint32_t>(digit);
      }
    }
    r.trim();
    return r;
  }
  friend Dyadic operator-(const Dyadic& a, const Dyadic& b) { return a + -b; }
  friend Dyadic operator*(const Dyadic& a, const Dyadic& b) {
    Dyadic r;
    if (a.limbs_.empty() || b.limbs_.empty()) return r;
    r.negative_ = a.negative_ != b.negative_;
    r.exponent_ = a.exponent_ + b.exponent_;
    r.limbs_.resize(a.limbs_.size() + b.limbs_.size());
    for (std::size_t i = 0; i < a.limbs_.size(); ++i) {
      std::uint64_t carry = 0;
      for (std::size_t j = 0; j < b.limbs_.size(); ++j, carry >>= 32) {
        carry += std::uint64_t{a.limbs_[i]} * b.limbs_[j] + r.limbs_[i + j];
        r.limbs_[i + j] = static_cast<std::uint32_t>(carry);
      }
      r.limbs_[i + b.limbs_.size()] = static_cast<std::uint32_t>(carry);
    }
    r.trim();
    return r;
  }
  Dyadic& operator+=(const Dyadic& b) { return *this = *this + b; }
  friend bool operator==(const Dyadic& a, const Dyadic& b) { return (a - b).sign() == 0; }
  friend bool operator<(const Dyadic& a, const Dyadic& b) { return (a - b).sign() < 0; }
  friend bool operator<=(const Dyadic& a, const Dyadic& b) { return (a - b).sign() <= 0; }
  friend bool operator>(const Dyadic& a, const Dyadic& b) { return b < a; }
  friend bool operator>=(const Dyadic& a, const Dyadic& b) { return b <= a; }

  /// To a few digits beyond those of a double.
  double value() const {
    double v = 0;
    for (int k = static_cast<int>(limbs_.size()) - 1, left = 4; k >= 0 && left > 0; --k, --left)
      v += std::ldexp(static_cast<double>(limbs_[static_cast<std::size_t>(k)]), 32 * (exponent_ + k));
    return negative_ ? -v : v;
  }

 private:
  int end() const { return exponent_ + static_cast<int>(limbs_.size()); }
  std::uint32_t limb(int k) const {
    return k < exponent_ || k >= end() ? 0 : limbs_[static_cast<std::size_t>(k - exponent_)];
  }
  static int compare_sizes(const Dyadic& a, const Dyadic& b) {
    for (int k = std::max(a.end(), b.end()); k >= std::min(a.exponent_, b.exponent_); --k)
      if (a.limb(k) != b.limb(k)) return a.limb(k) < b.limb(k) ? -1 : 1;
    return 0;
  }
  void trim() {
    while (!limbs_.empty() && limbs_.back() == 0) limbs_.pop_back();
    std::size_t zeros = 0;
    while (zeros < limbs_.size() && limbs_[zeros] == 0) ++zeros;
    limbs_.erase(limbs_.begin(), limbs_.begin() + static_cast<std::ptrdiff_t>(zeros));
    exponent_ += static_cast<int>(zeros);
  }

  bool negative_ = false;
  int exponent_ = 0;  // of limbs_[0], in limbs
  std::vector<std::uint32_t> limbs_;
};

/// Small matrices of exact numbers. (Eigen's would do, but ask more of a number than it has to be.)
class DyadicMatrix {
 public:
  DyadicMatrix(basin::Index rows, basin::Index cols)
      : rows_(rows), cols_(cols), entries_(static_cast<std::size_t>(rows * cols)) {}
  DyadicMatrix(const basin::Mat<double>& A) : DyadicMatrix(A.rows(), A.cols()) {  // NOLINT: implicit
    for (basin::Index j = 0; j < cols_; ++j)
      for (basin::Index i = 0; i < rows_; ++i) (*this)(i, j) = A(i, j);
  }
  static DyadicMatrix identity(basin::Index n) {
    return basin::Mat<double>(basin::Mat<double>::Identity(n, n));
  }
  static DyadicMatrix diagonal(const basin::Vec<double>& d) { return basin::Mat<double>(d.asDiagonal()); }

  basin::Index rows() const { return rows_; }
  basin::Index cols() const { return cols_; }
  Dyadic& operator()(basin::Index i, basin::Index j) {
    return entries_[static_cast<std::size_t>(j * rows_ + i)];
  }
  const Dyadic& operator()(basin::Index i, basin::Index j) const {
    return entries_[static_cast<std::size_t>(j * rows_ + i)];
  }
  DyadicMatrix transpose() const {
    DyadicMatrix r(cols_, rows_);
    for (basin::Index j = 0; j < cols_; ++j)
      for (basin::Index i = 0; i < rows_; ++i) r(j, i) = (*this)(i, j);
    return r;
  }
  friend DyadicMatrix operator*(const DyadicMatrix& A, const DyadicMatrix& B) {
    DyadicMatrix C(A.rows_, B.cols_);
    for (basin::Index j = 0; j < B.cols_; ++j)
      for (basin::Index k = 0; k < A.cols_; ++k)
        for (basin::Index i = 0; i < A.rows_; ++i) C(i, j) += A(i, k) * B(k, j);
    return C;
  }
  friend DyadicMatrix operator*(const Dyadic& s, DyadicMatrix A) {
    for (Dyadic& e : A.entries_) e = s * e;
    return A;
  }
  friend DyadicMatrix operator+(DyadicMatrix A, const DyadicMatrix& B) {
    for (std::size_t k = 0; k < A.entries_.size(); ++k) A.entries_[k] += B.entries_[k];
    return A;
  }
  friend DyadicMatrix operator-(const DyadicMatrix& A, const DyadicMatrix& B) { return A + Dyadic(-1) * B; }
  friend Dyadic squares(const DyadicMatrix& A) {
    Dyadic sum;
    for (const Dyadic& e : A.entries_) sum += e * e;
    return sum;
  }
  /// Whether x'A x >= 0 for all x, for a symmetric A: elimination without divisions, each Schur complement
  /// times its pivot.
  friend bool positive_semidefinite(DyadicMatrix A) {
    for (basin::Index n = A.rows_; n > 0; --n) {
      const Dyadic p = A(n - 1, n - 1);
      if (p.sign() < 0) return false;
      if (p.sign() == 0) {
        for (basin::Index i = 0; i < n - 1; ++i)
          if (A(i, n - 1).sign() != 0) return false;
        continue;
      }
      for (basin::Index j = 0; j < n - 1; ++j)
        for (basin::Index i = 0; i < n - 1; ++i) A(i, j) = p * A(i, j) - A(i, n - 1) * A(j, n - 1);
    }
    return true;
  }

 private:
  basin::Index rows_, cols_;
  std::vector<Dyadic> entries_;
};
