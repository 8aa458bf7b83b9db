// Newton's method for f(x) = x.
#pragma once
#include <cmath>       // std::isfinite
#include <functional>  // std::function
#include <limits>      // std::numeric_limits
#include <ostream>     // std::ostream
#include <vector>      // std::vector

#include "basin/core/error.hpp"         // require
#include "basin/core/types.hpp"         // Index, Mat, MatIn, Vec, VecIn
#include "basin/dynamics/self_map.hpp"  // SelfMap, LocalMap, ProductsAtColumns
#ifdef BASIN_BODIES
#include <Eigen/LU>   // Eigen::PartialPivLU
#include <algorithm>  // std::all_of, std::max, std::min
#include <utility>    // std::move

#include "basin/core/product/gemm.hpp"  // gemm
#endif

namespace basin::inline BASIN_ABI {

/// How a search for a fixed point ended.
enum class SearchEnd : unsigned char {
  converged,   // f(x) = x up to the tolerance
  stalled,     // |f(x) - x| has a local minimum that is not zero, or I - J is singular
  exhausted,   // max_steps were made
  not_finite,  // f or its Jacobian is NaN or infinite where the search began or came to
  cancelled,   // `cancelled` returned true
};
/// Why the search ended, in words.
inline std::ostream& operator<<(std::ostream& out, SearchEnd end) {
  switch (end) {
    case SearchEnd::converged:
      return out << "converged";
    case SearchEnd::stalled:
      return out << "stalled where the residual is not zero";
    case SearchEnd::exhausted:
      return out << "out of steps";
    case SearchEnd::not_finite:
      return out << "at a point that is not finite";
    case SearchEnd::cancelled:
      return out << "cancelled";
  }
  return out;
}

/// How Newton's method searches for a fixed point.
struct SearchOptions {
  Index max_steps = 100;  // of Newton
  /// Found when |f(x) - x| <= tolerance max(|x|, unit), in the 2-norm. Not below the rounding of f, taken as
  /// 64 eps: 1.4e-14 in double, 7.6e-6 in float.
  double tolerance = 1e-12;
  /// What counts as the size of a point, so that one at 0 can be found; 0: the larger of |x0| and |f(x0)|.
  double unit = 0;
  Index form_up_to = 1024;  // so many dimensions: above, products with J alone, unless it has narrow factors
  Index krylov = 300;       // the most products for a step by products alone (GMRES)
  std::function<bool()> cancelled = {};  // asked before each step; may be called by several threads at once
  /// Where the network is narrow, J = D E is formed if it is at most so wide there.
  Index factor_up_to = std::numeric_limits<Index>::max();
};

namespace detail {

inline void require_search_options(const SearchOptions& o, const char* who) {
  require(o.max_steps >= 0, who, ": max_steps must be >= 0, got ", o.max_steps);
  require(o.tolerance >= 0, who, ": tolerance must be >= 0, got ", o.tolerance);
  require(o.unit >= 0 && std::isfinite(o.unit), who, ": unit must be >= 0 and finite, got ", o.unit);
  require(o.krylov >= 1, who, ": krylov must be >= 1, got ", o.krylov);
}

/// s, and rest = |(I - J) s - r| / |r|.
struct Solved {
  Vec<double> s;
  double rest = 0;
};
/// s with (I - J) s = r up to |(I - J) s - r| <= tolerance |r|, or as near as `most` products come: GMRES
/// (Saad, Schultz 1986) without restarts, by Givens rotations.
template <class = void>
Vec<double> gmres(const MatrixProduct& J, const Vec<double>& r, double tolerance, Index most);
/// So few dimensions that J is formed at once; and above it, so few products that a step is tried with first.
inline constexpr Index formed_at_once = 48, few_products = 24;
/// Newton's step s = (I - J)^-1 r, dense, by the factors, or by products.
template <class = void>
Vec<double> newton_step(const LocalMap& J, const Vec<double>& r, const SearchOptions& o);

/// f as a SelfMap whose Jacobians are formed as the options say.
template <Layer F>
SelfMap self_map(const Model<F>& f, const SearchOptions& o) {
  return self_map(f, o.form_up_to, o.factor_up_to);
}

/// Where a search ended. `left` is known where it converged and was polished.
struct Found {
  SearchEnd end = SearchEnd::exhausted;
  Vec<double> x;
  double residual = 0;        // |f(x) - x|
  double start_residual = 0;  // |f(x0) - x0|
  double left = 0;            // |(I - J)^-1 (f(x) - x)|
  Index steps = 0;            // Newton's
  Index evaluations = 0;      // of f
  double size = 0;            // what counts as the size of x
};

/// The searches from all columns of x0 up to the tolerance, side by side: they take their steps together, so
/// that f and its derivatives are those of a batch.
template <class = void>
std::vector<Found> rough_searches(const SelfMap& f, MatIn<double> x0, const SearchOptions& o);
/// Last steps from where a search converged, down to the rounding of f, and what is left.
template <class = void>
void polish(const SelfMap& f, Found& found, const SearchOptions& o);
/// The search from x0, polished.
template <class = void>
Found newton_search(const SelfMap& f, VecIn<double> x0, const SearchOptions& o);

#ifdef BASIN_BODIES
/// GMRES from outside: multiply `next` by J and give the product to `advance`, until `done`.
template <class = void>
class Gmres {
 public:
  Gmres(const Vec<double>& r, double tolerance, Index most)
      : tolerance_(tolerance), rows_(r.size()), most_(std::min(most, rows_)), size_(r.stableNorm()) {
    if (!(size_ > 0)) return;
    V_.resize(r.size(), most_ + 1);
    H_ = Mat<double>::Zero(most_ + 1, most_);
    rest_ = Vec<double>::Unit(most_ + 1, 0);
    c_.resize(most_);
    s_.resize(most_);
    V_.col(0) = r / size_;
    done_ = most_ == 0;
  }
  bool done() const { return done_; }
  auto next() const { return V_.col(k_); }

  void advance(const Vec<double>& product) {
    const Index k = k_;
    Vec<double> w = V_.col(k) - product;
    for (int pass = 0; pass < 2; ++pass) {
      const Vec<double> h = V_.leftCols(k + 1).transpose() * w;
      H_.col(k).head(k + 1) += h;
      w -= V_.leftCols(k + 1) * h;
    }
    for (Index i = 0; i < k; ++i) {
      const double a = H_(i, k), b = H_(i + 1, k);
      H_(i, k) = c_[i] * a + s_[i] * b;
      H_(i + 1, k) = c_[i] * b - s_[i] * a;
    }
    const double below = w.norm(), length = std::hypot(H_(k, k), below);
    done_ = true;
    if (!(length > 0)) return;  // I - J is singular on what was seen
    c_[k] = H_(k, k) / length;
    s_[k] = below / length;
    H_(k, k) = length;
    rest_[k + 1] = -s_[k] * rest_[k];
    rest_[k] *= c_[k];
    ++k_;
    if (!(below > std::numeric_limits<double>::epsilon() * length)) return;
    V_.col(k_) = w / below;
    done_ = k_ == most_ || !(std::abs(rest_[k_]) > tolerance_);
  }
  Solved solution() const {
    if (!(size_ > 0)) return {Vec<double>::Zero(rows_), 0};
    const Vec<double> z =
        H_.topLeftCorner(k_, k_).template triangularView<Eigen::Upper>().solve(rest_.head(k_));
    return {size_ * (V_.leftCols(k_) * z), std::abs(rest_[k_])};
  }

 private:
  double tolerance_;
  Index rows_, most_, k_ = 0;
  double size_;
  bool done_ = true;
  Mat<double> V_, H_;
  Vec<double> rest_, c_, s_;
};

template <class>
Vec<double> gmres(const MatrixProduct& J, const Vec<double>& r, double tolerance, Index most) {
  Gmres<> search(r, tolerance, most);
  Vec<double> product(r.size());
  while (!search.done()) {
    J(search.next(), product);
    search.advance(product);
  }
  return search.solution().s;
}

/// E D, the k x k matrix with the eigenvalues of D E other than 0.
template <class = void>
Mat<double> middle(const Mat<double>& E, const Mat<double>& D) {
  Mat<double> M(E.rows(), D.cols());
  gemm<double>(E, D, M);
  return M;
}
/// That of a Jacobian which is formed: J itself where it has no factors.
template <class = void>
Mat<double> middle(const LocalMap& J) {
  return J.is_product() ? middle(J.E, J.D) : J.D;
}

template <class>
Vec<double> newton_step(const LocalMap& J, const Vec<double>& r, const SearchOptions& o) {
  if (!J.is_formed()) return gmres(J.apply, r, 1e-8, o.krylov);
  const Mat<double> small = middle(J);
  const Eigen::PartialPivLU<Mat<double>> lu(Mat<double>::Identity(small.rows(), small.rows()) - small);
  if (!J.is_product()) return lu.solve(r);
  return r + J.D * lu.solve(J.E * r);
}

/// f at each column of x.
template <class = void>
Mat<double> values_at(const SelfMap& f, const Mat<double>& x) {
  if (f.values && x.cols() > 1) return f.values(x);
  Mat<double> y(x.rows(), x.cols());
  for (Index j = 0; j < x.cols(); ++j) y.col(j) = f.value(x.col(j));
  return y;
}

/// Newton's steps from the columns of x, r = f(x) - x. J of a network that contracts most directions is next
/// to a matrix of low rank: then few products with it solve the system as exactly as rounding lets the dense
/// solution be, at a fraction of the cost of J itself. NaN where they did not.
template <class = void>
Mat<double> steps_by_products(const SelfMap& f, const Mat<double>& x, const Mat<double>& r) {
  constexpr double tolerance = 1e-10;
  std::vector<Gmres<>> searches;
  for (Index j = 0; j < x.cols(); ++j) searches.emplace_back(Vec<double>(r.col(j)), tolerance, few_products);
  const ProductsAtColumns J = f.products(x);
  Mat<double> u = Mat<double>::Zero(x.rows(), x.cols()), y(x.rows(), x.cols());
  const auto done = [](const auto& search) { return search.done(); };
  while (!std::all_of(searches.begin(), searches.end(), done)) {
    for (Index j = 0; j < x.cols(); ++j)
      if (const auto& search = searches[static_cast<std::size_t>(j)]; !search.done())
        u.col(j) = search.next();
    J(u, y);
    for (Index j = 0; j < x.cols(); ++j)
      if (auto& search = searches[static_cast<std::size_t>(j)]; !search.done()) search.advance(y.col(j));
  }
  for (Index j = 0; j < x.cols(); ++j) {
    const Solved solved = searches[static_cast<std::size_t>(j)].solution();
    if (solved.rest <= tolerance)
      y.col(j) = solved.s;
    else
      y.col(j).setConstant(std::numeric_limits<double>::quiet_NaN());
  }
  return y;
}

inline bool may_step_by_products(const SelfMap& f) { return f.products && f.size > formed_at_once; }

/// One of the searches that are made side by side.
struct Searcher {
  Found found;
  Vec<double> fx, s;
  double unit = 0;
  int rescues = 0;
  bool by_products = true, ended = false;  // by_products: until these were too few once

  Vec<double> g() const { return fx - found.x; }
  void end(SearchEnd how) {
    found.end = how;
    found.residual = g().stableNorm();
    found.size = std::max(unit, found.x.stableNorm());
    ended = true;
  }
  /// Whether x was taken, which it is if the residual is at most `most` there.
  bool take(const Vec<double>& x, const Vec<double>& at_x, double most) {
    ++found.evaluations;
    if (!((at_x - x).stableNorm() <= most)) return false;
    found.x = x;
    fx = at_x;
    return true;
  }
};

/// Damped Newton (Armijo's rule on |g|, g = f(x) - x), and what gets it over kinks: a piecewise linear map
/// may change its slopes right beside x, where no damped step makes |g| smaller. Then the whole step is made
/// all the same, or f is iterated for a while.
template <class = void>
class NewtonSearches {
 public:
  NewtonSearches(const SelfMap& f, MatIn<double> x0, const SearchOptions& o)
      : f_(f), o_(o), all_(static_cast<std::size_t>(x0.cols())) {
    Mat<double> x = x0;
    for (Index j = 0; j < x.cols(); ++j) x.col(j) = f.rounded(x.col(j));
    const Mat<double> fx = values_at(f, x);
    for (Index j = 0; j < x.cols(); ++j) {
      Searcher& search = all_[static_cast<std::size_t>(j)];
      search.found.x = x.col(j);
      search.fx = fx.col(j);
      search.found.evaluations = 1;
      search.found.start_residual = search.g().stableNorm();
      search.unit = o.unit > 0 ? o.unit : std::max(x.col(j).stableNorm(), fx.col(j).stableNorm());
      search.by_products = may_step_by_products(f);
      if (!search.fx.allFinite()) search.end(SearchEnd::not_finite);
    }
  }

  std::vector<Found> run() {
    for (Group moving = group(); !(moving = still_moving(moving)).empty();) {
      make_steps(moving);
      for (Searcher* search : not_damped(moving))
        if (!over_the_kink(*search)) search->end(SearchEnd::stalled);
    }
    std::vector<Found> found;
    for (Searcher& search : all_) found.push_back(std::move(search.found));
    return found;
  }

 private:
  using Group = std::vector<Searcher*>;
  Group group() {
    Group result;
    for (Searcher& search : all_) result.push_back(&search);
    return result;
  }
  template <class Column>
  static Mat<double> columns(const Group& group, Index rows, const Column& column) {
    Mat<double> m(rows, static_cast<Index>(group.size()));
    for (std::size_t j = 0; j < group.size(); ++j) m.col(static_cast<Index>(j)) = column(*group[j]);
    return m;
  }
  /// Those that are to make another step; the others are ended.
  Group still_moving(const Group& group) const {
    Group moving;
    const double tolerance = std::max(o_.tolerance, 64 * f_.epsilon);
    const bool cancelled = o_.cancelled && o_.cancelled();
    for (Searcher* search : group) {
      if (search->ended) continue;
      const Found& at = search->found;
      if (cancelled)
        search->end(SearchEnd::cancelled);
      else if (search->g().stableNorm() <= tolerance * std::max(search->unit, at.x.stableNorm()))
        search->end(SearchEnd::converged);
      else if (at.steps >= o_.max_steps)
        search->end(SearchEnd::exhausted);
      else
        moving.push_back(search);
    }
    return moving;
  }
  void make_steps(const Group& moving) const {
    Group together;
    for (Searcher* search : moving)
      if (search->by_products) together.push_back(search);
    if (!together.empty()) {
      const auto at = [&](const auto& column) { return columns(together, f_.size, column); };
      const Mat<double> s = steps_by_products(f_, at([](const Searcher& search) { return search.found.x; }),
                                              at([](const Searcher& search) { return search.g(); }));
      for (std::size_t j = 0; j < together.size(); ++j) {
        together[j]->s = s.col(static_cast<Index>(j));
        together[j]->by_products = together[j]->s.allFinite();
      }
    }
    for (Searcher* search : moving) {
      ++search->found.steps;
      if (!search->by_products) search->s = newton_step(f_.linearized(search->found.x), search->g(), o_);
    }
  }
  /// Steps shorter than this part of Newton's lead to a minimum of |g| at a kink, and slowly.
  static constexpr double shortest = 0x1p-10;
  /// Shortens the steps until |g| becomes smaller. Those of which it does not.
  Group not_damped(const Group& moving) const {
    Group rest, failed;
    for (Searcher* search : moving) (search->s.allFinite() ? rest : failed).push_back(search);
    for (double t = 1; t >= shortest && !rest.empty(); t /= 2) {
      const Mat<double> x = columns(
          rest, f_.size, [&](const Searcher& search) { return f_.rounded(search.found.x + t * search.s); });
      const Mat<double> fx = values_at(f_, x);
      Group longer;
      for (std::size_t j = 0; j < rest.size(); ++j) {
        const auto k = static_cast<Index>(j);
        if (!rest[j]->take(x.col(k), fx.col(k), (1 - 1e-4 * t) * rest[j]->g().stableNorm()))
          longer.push_back(rest[j]);
      }
      rest = std::move(longer);
    }
    failed.insert(failed.end(), rest.begin(), rest.end());
    return failed;
  }
  bool over_the_kink(Searcher& search) const {
    if (search.rescues == 4) return false;
    ++search.rescues;
    if (search.rescues % 2 == 1 && search.s.allFinite()) {
      const Vec<double> x = f_.rounded(search.found.x + search.s);
      if (search.take(x, f_.value(x), 100 * search.g().stableNorm())) return true;
    }
    for (int k = 0; k < 8; ++k) {
      const Vec<double> x = f_.rounded(search.fx), fx = f_.value(x);
      ++search.found.evaluations;
      if (!fx.allFinite()) return false;
      search.found.x = x;
      search.fx = fx;
    }
    return true;
  }

  const SelfMap& f_;
  const SearchOptions& o_;
  std::vector<Searcher> all_;
};

template <class>
std::vector<Found> rough_searches(const SelfMap& f, MatIn<double> x0, const SearchOptions& o) {
  return NewtonSearches<>(f, x0, o).run();
}

/// Newton's step at one point.
template <class = void>
Vec<double> step_at(const SelfMap& f, const Vec<double>& x, const Vec<double>& r, const SearchOptions& o) {
  if (may_step_by_products(f))
    if (const Vec<double> s = steps_by_products(f, x, r); s.allFinite()) return s;
  return newton_step(f.linearized(x), r, o);
}

/// Each step is made as long as it at least halves the residual.
template <class>
void polish(const SelfMap& f, Found& found, const SearchOptions& o) {
  Vec<double> g = f.value(found.x) - found.x, s = step_at(f, found.x, g, o);
  ++found.evaluations;
  for (int k = 0; k < 5 && s.allFinite() && s.stableNorm() > 0; ++k) {
    const Vec<double> x = f.rounded(found.x + s), fx = f.value(x);
    ++found.evaluations;
    if (!((fx - x).stableNorm() <= 0.5 * g.stableNorm())) break;
    found.x = x;
    g = fx - x;
    s = step_at(f, x, g, o);
  }
  found.residual = g.stableNorm();
  found.left = s.allFinite() ? s.stableNorm() : std::numeric_limits<double>::infinity();
  found.size = std::max(found.size, found.x.stableNorm());
}

template <class>
Found newton_search(const SelfMap& f, VecIn<double> x0, const SearchOptions& o) {
  Found found = std::move(rough_searches(f, x0, o).front());
  if (found.end == SearchEnd::converged) polish(f, found, o);
  return found;
}

#endif

}  // namespace detail

}  // namespace basin
