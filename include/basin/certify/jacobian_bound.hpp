// How far the Jacobian of a network may change in a ball, with all rounding accounted for.
#pragma once
#include <cstddef>  // std::size_t
#include <vector>   // std::vector

#include "basin/certify/bounded_matrix.hpp"  // BoundedMatrix, Upper
#include "basin/certify/exact_network.hpp"   // ExactNetwork
#include "basin/certify/metric.hpp"          // Metric
#include "basin/core/types.hpp"              // Index, Mat, Vec, VecIn

#ifdef BASIN_BODIES
#include <utility>  // std::move
#endif

namespace basin::inline BASIN_ABI::detail {

/// Which slopes of a map are met in a ball: those between any two points of it; or those from its centre to a
/// point, means of phi' over the way, which change about half as fast.
enum class Slopes : unsigned char { between_any, from_centre };
/// Whether norms are proved, or computed fast and to a few digits, as a search wants them.
enum class Norms : unsigned char { verified, estimated };

/// The network as it is computed at a point: the values of its steps, the slope of each map (whatever numbers
/// stand here: `slopes` of other points are compared with them), and what rounding each step commits itself.
struct Pass {
  std::vector<Vec<double>> values, slopes, rounding;
};
template <class = void>
Pass forward_pass(const ExactNetwork& f, VecIn<double> x);

/// dv_k/dv_from X for every step k behind `from`, with the slopes of the pass; empty where v_k does not
/// depend on v_from. `identity` stands for X = I and saves products.
struct Tangent {
  BoundedMatrix matrix;
  bool identity = false;
  bool empty() const { return !identity && matrix.mid.size() == 0; }
};
template <class = void>
std::vector<Tangent> tangents(const ExactNetwork& f, const Pass& pass, std::size_t from, Tangent start);

/// What a bound needs of T and Y at the two ends of a network and what is the same at all points: W T^-1 in
/// place of the first W, Y W in place of the last, both as small as they can be made without smaller norms.
struct BoundEnds {
  std::size_t first = 0;  // the step whose derivative by x, times T^-1, is ...
  BoundedMatrix behind;   // ... this: the one step that reads x, an affine one that is narrow, or x itself
  std::size_t last = 0;   // the step in front of which ...
  BoundedMatrix
      in_front;   // ... this stands for all that follows, times Y: W of an affine output, or f itself
  Upper norm{0};  // |Y|_2
};
/// For Y = T.
template <class = void>
BoundEnds bound_ends(const ExactNetwork& f, const Metric& T);

/// The bound. With maps h_j = phi_j(z_j), j = 1, ..., N, all else in a network is affine. Let
/// B_k = dz_k/dx T^-1, A_kj = dz_k/dh_j and A_j = Y df/dh_j be its derivatives with the slopes D_j at the
/// centre c. With other slopes D_j + Delta_j, |Delta_j| <= delta_j, dz_k/dx T^-1 is exactly
///
///     B_k + sum over j < k of A_kj Delta_j (dz_j/dx T^-1),
///
/// so that with w_j = sqrt(delta_j), each a diagonal matrix,
///
///     q_k     = |w_k B_k|_2 + sum_j |w_k A_kj w_j|_2 q_j              bounds |w_k dz_k/dx T^-1|_2,
///     rho_k,i = (|row i of B_k| + sum_j |row i of A_kj w_j| q_j) r    bounds |z_k,i(x) - z_k,i(c)|,
///     L(r)    = |Y J T^-1|_2 + sum_j |A_j w_j|_2 q_j                  bounds |Y Df T^-1|_2
///
/// for |T (x - c)| <= r, where delta_k is the largest change of phi_k' over |z - z_k(c)| <= rho_k. Where few
/// neurons change their slope, w is 0 but for these and so little of the matrices counts. No norm of one
/// layer is multiplied by that of the next, as in bounds of Lipschitz constants, which say 7 to 1000 here.
///
/// Rounding: products and norms carry bounds; phi' comes in intervals; and what the pass at c rounds in one
/// layer travels to the next through A_kj, with the slopes that it may meet, not through |W|.
///
/// `change` keeps vectors for its next call: not for two threads at once.
template <class = void>
class JacobianBound {
 public:
  JacobianBound(const ExactNetwork& f, const BoundEnds& ends, VecIn<double> centre);

  /// L(r) - |Y J T^-1|_2 at most, where the centre of the ball is up to `uncertain` away from c. It never
  /// falls as r grows.
  Upper change(double r, double uncertain, Slopes slopes, Norms norms) const;
  /// |Y J T^-1|_2 at c.
  Upper centre_norm() const { return centre_norm_; }
  /// The pass at c, with the slopes D_j.
  const Pass& pass() const { return pass_; }
  /// f(c) as it was computed, and |Y (f(c) - that)|_2 at most.
  const Vec<double>& value() const { return value_; }
  Upper value_error() const { return value_error_; }

 private:
  struct Map {
    const ExactMap* phi = nullptr;
    Vec<double> z, slope, spread;  // spread: |z - z(c)| at most
    BoundedMatrix B;
    Vec<double> B_rows;
    std::vector<BoundedMatrix> A;              // for each map before
    BoundedMatrix out;                         // A_j
    mutable std::vector<Vec<double>> vectors;  // where power iterations begin
  };

  void set_derivatives(const ExactNetwork& f, const BoundEnds& ends, const Pass& pass);
  void set_rounding(const ExactNetwork& f, const BoundEnds& ends, const Pass& pass);
  static Vec<double> deviations(const Map& m, const Vec<double>& reach, double r, double uncertain,
                                Slopes slopes);

  std::vector<Map> maps_;
  std::vector<std::size_t> map_of_step_;
  Pass pass_;
  Vec<double> value_;
  Upper value_error_, centre_norm_;
};

#ifdef BASIN_BODIES
/// v (1 + 2^-50) + 2^-1000: see Upper.
template <class = void>
Vec<double> rounded_up(const Vec<double>& v) {
  return (v.array() * (1 + 0x1p-50) + 0x1p-1000).matrix();
}

template <class>
Pass forward_pass(const ExactNetwork& f, VecIn<double> x) {
  using Kind = ExactNetwork::Kind;
  const auto& steps = f.steps();
  Pass p;
  p.values.resize(steps.size());
  p.slopes.resize(steps.size());
  p.rounding.resize(steps.size());
  p.values[0] = x;
  p.rounding[0] = Vec<double>::Zero(x.size());
  for (std::size_t k = 1; k < steps.size(); ++k) {
    const ExactNetwork::Step& s = steps[k];
    const Vec<double>& a = p.values[s.a];
    const Vec<double>& v = p.values[k] = step_value(s, p.values);
    Vec<double>& rounding = p.rounding[k];
    if (s.kind == Kind::affine) {
      const double terms = static_cast<double>(a.size()) + 2;
      rounding = rounded_up(terms * unit_roundoff * (1 + 4 * terms * unit_roundoff) *
                            (s.weight.cwiseAbs() * a.cwiseAbs() + s.bias.cwiseAbs()));
      rounding.array() += terms * 0x1p-1000;
    } else if (s.kind == Kind::sum) {
      rounding = rounded_up(unit_roundoff * (1 + 0x1p-50) * v.cwiseAbs());
    } else {
      rounding.resize(s.size);
      p.slopes[k].resize(s.size);
      for (Index i = 0; i < s.size; ++i) {
        rounding[i] = s.map->value_error(a[i], v[i]);
        p.slopes[k][i] = s.map->derivative(a[i], v[i]);
      }
    }
  }
  return p;
}

/// The matrix of a tangent, I written out.
template <class = void>
BoundedMatrix written_out(const Tangent& t, Index size) {
  return t.identity ? BoundedMatrix(Mat<double>::Identity(size, size)) : t.matrix;
}
template <class = void>
BoundedMatrix left_of(const BoundedMatrix& A, const Tangent& t) {
  return t.identity ? A : product(A, t.matrix);
}

template <class>
std::vector<Tangent> tangents(const ExactNetwork& f, const Pass& pass, std::size_t from, Tangent start) {
  using Kind = ExactNetwork::Kind;
  const auto& steps = f.steps();
  std::vector<Tangent> t(steps.size());
  t[from] = std::move(start);
  for (std::size_t k = from + 1; k < steps.size(); ++k) {
    const ExactNetwork::Step& s = steps[k];
    const Tangent& a = t[s.a];
    if (s.kind == Kind::sum) {
      const Tangent& b = t[s.b];
      if (a.empty() || b.empty())
        t[k] = a.empty() ? b : a;
      else
        t[k].matrix = sum(written_out(a, s.size), written_out(b, s.size));
    } else if (a.empty()) {
      continue;
    } else if (s.kind == Kind::affine) {
      t[k].matrix = left_of(BoundedMatrix(s.weight), a);
    } else {
      t[k].matrix = scaled_rows(pass.slopes[k], written_out(a, s.size));
    }
  }
  return t;
}

/// The one step that reads x, if that is an affine one with fewer rows than columns and not the output; else
/// 0.
inline std::size_t narrow_first_step(const ExactNetwork& f) {
  const auto& steps = f.steps();
  std::size_t reader = 0;
  for (std::size_t k = 1; k < steps.size(); ++k) {
    const bool reads = steps[k].a == 0 || (steps[k].kind == ExactNetwork::Kind::sum && steps[k].b == 0);
    if (reads && reader != 0) return 0;
    if (reads) reader = k;
  }
  const bool narrow = reader != 0 && reader != f.output() &&
                      steps[reader].kind == ExactNetwork::Kind::affine && steps[reader].size < f.size();
  return narrow ? reader : 0;
}
/// Whether the output is an affine step from fewer numbers than it has.
inline bool narrow_last_step(const ExactNetwork& f) {
  const ExactNetwork::Step& out = f.steps()[f.output()];
  return out.kind == ExactNetwork::Kind::affine && out.a != 0 && out.weight.cols() < out.size;
}

template <class>
BoundEnds bound_ends(const ExactNetwork& f, const Metric& T) {
  BoundEnds ends;
  const BoundedMatrix I(Mat<double>::Identity(f.size(), f.size()));
  ends.first = narrow_first_step(f);
  ends.behind = ends.first == 0
                    ? times_inverse(I, T)
                    : dominating_left(times_inverse(BoundedMatrix(f.steps()[ends.first].weight), T));
  const ExactNetwork::Step& out = f.steps()[f.output()];
  const bool narrow = narrow_last_step(f);
  ends.last = narrow ? out.a : f.output();
  ends.in_front = narrow ? dominating_right(times(T, BoundedMatrix(out.weight))) : times(T, I);
  ends.norm = norm_of(T);
  return ends;
}

template <class V>
JacobianBound<V>::JacobianBound(const ExactNetwork& f, const BoundEnds& ends, VecIn<double> centre) {
  pass_ = forward_pass(f, centre);
  const Pass& pass = pass_;
  value_ = pass.values[f.output()];
  map_of_step_.resize(f.steps().size());
  for (std::size_t k = 1; k < f.steps().size(); ++k) {
    const ExactNetwork::Step& s = f.steps()[k];
    if (s.kind != ExactNetwork::Kind::map) continue;
    map_of_step_[k] = maps_.size();
    maps_.emplace_back();
    maps_.back().phi = s.map.get();
    maps_.back().z = pass.values[s.a];
    maps_.back().slope = pass.slopes[k];
  }
  set_derivatives(f, ends, pass);
  set_rounding(f, ends, pass);
}

template <class V>
void JacobianBound<V>::set_derivatives(const ExactNetwork& f, const BoundEnds& ends, const Pass& pass) {
  const auto& steps = f.steps();
  const auto of_input = tangents(f, pass, ends.first, {ends.behind, false});
  centre_norm_ = of_input[ends.last].empty() ? Upper(0) : norm2(left_of(ends.in_front, of_input[ends.last]));
  for (std::size_t from = 1; from < steps.size(); ++from) {
    if (steps[from].kind != ExactNetwork::Kind::map) continue;
    Map& m = maps_[map_of_step_[from]];
    m.B = written_out(of_input[steps[from].a], steps[from].size);
    m.B_rows = row_norms(m.B);
    m.vectors.resize(maps_.size() + 2);
    const auto t = tangents(f, pass, from, {{}, true});
    for (std::size_t k = from + 1; k < steps.size(); ++k)
      if (steps[k].kind == ExactNetwork::Kind::map) {
        Map& later = maps_[map_of_step_[k]];
        later.A.push_back(t[steps[k].a].empty() ? BoundedMatrix()
                                                : written_out(t[steps[k].a], steps[k].size));
      }
    if (!t[ends.last].empty()) m.out = left_of(ends.in_front, t[ends.last]);
  }
}

/// Bounds of the entries of |A| s for s >= 0.
template <class = void>
Vec<double> through(const BoundedMatrix& A, const Vec<double>& s) {
  const double n = static_cast<double>(s.size()) + 2;
  const double beside = (A.error * frobenius(s)).value();
  return rounded_up(((A.mid.cwiseAbs() * s) * (1 + 4 * n * unit_roundoff)).array() + beside);
}

/// The error of each computed z: what was rounded since the last maps, and what each earlier map hands on,
/// which is its own rounding, the rounding before it times its slope, and its whole error times what its
/// slope may differ.
template <class V>
void JacobianBound<V>::set_rounding(const ExactNetwork& f, const BoundEnds& ends, const Pass& pass) {
  using Kind = ExactNetwork::Kind;
  const auto& steps = f.steps();
  std::vector<Vec<double>> fresh(steps.size()), handed_on(maps_.size());
  value_error_ = Upper(0);
  fresh[0] = pass.rounding[0];
  for (std::size_t k = 1; k < steps.size(); ++k) {
    const ExactNetwork::Step& s = steps[k];
    if (s.kind == Kind::affine) {
      fresh[k] = rounded_up(through(BoundedMatrix(s.weight), fresh[s.a]) + pass.rounding[k]);
    } else if (s.kind == Kind::sum) {
      fresh[k] = rounded_up(rounded_up(fresh[s.a] + fresh[s.b]) + pass.rounding[k]);
    } else {
      Map& m = maps_[map_of_step_[k]];
      m.spread = fresh[s.a];
      for (std::size_t j = 0; j < m.A.size(); ++j)
        if (m.A[j].mid.size() > 0) m.spread = rounded_up(m.spread + through(m.A[j], handed_on[j]));
      Vec<double> change(s.size);
      m.phi->deviation(m.z, m.spread, m.slope, change);
      handed_on[map_of_step_[k]] =
          rounded_up(rounded_up(rounded_up(change.cwiseProduct(m.spread)) +
                                rounded_up(m.slope.cwiseAbs().cwiseProduct(fresh[s.a]))) +
                     pass.rounding[k]);
      fresh[k] = Vec<double>::Zero(s.size);
      if (m.out.mid.size() > 0) value_error_ += frobenius(through(m.out, handed_on[map_of_step_[k]]));
    }
  }
  value_error_ += ends.norm * frobenius(fresh[f.output()]);
}

/// delta of the map m where |z - z(c)| <= reach r. A slope from the centre to a point is the mean of phi'
/// over the way, so that its change is at most the mean of m(s), the largest change up to s, over
/// 0 <= s <= reach r: upper sums.
template <class V>
Vec<double> JacobianBound<V>::deviations(const Map& m, const Vec<double>& reach, double r, double uncertain,
                                         Slopes slopes) {
  constexpr int parts = 32;
  const Vec<double> about = rounded_up(rounded_up(reach * uncertain) + m.spread), way = rounded_up(reach * r);
  Vec<double> delta(reach.size()), part(reach.size());
  m.phi->deviation(m.z, rounded_up(about + way), m.slope, delta);
  if (slopes == Slopes::between_any) return delta;
  const auto some = (delta.array() != 0).cast<double>().eval();  // where the largest is 0, all are
  if (!(some.maxCoeff() > 0)) return delta;
  for (int i = 1; i < parts; ++i) {
    m.phi->deviation(m.z, rounded_up(about + rounded_up(way * (double(i) / parts))), m.slope, part);
    delta = rounded_up(delta + part);
  }
  return (rounded_up(delta / parts).array() * some).matrix();
}

/// sqrt(delta), rounded up, one by one: Eigen's vectors of AVX-512 may take a root that is not correctly
/// rounded.
template <class = void>
Vec<double> weights_of(const Vec<double>& delta) {
  Vec<double> w(delta.size());
  for (Index i = 0; i < w.size(); ++i) w[i] = sqrt(Upper(delta[i])).value();
  return w;
}
inline std::vector<Index> nonzero(const Vec<double>& w) {
  std::vector<Index> at;
  for (Index i = 0; i < w.size(); ++i)
    if (!(w[i] == 0)) at.push_back(i);
  return at;
}

template <class V>
Upper JacobianBound<V>::change(double r, double uncertain, Slopes slopes, Norms norms) const {
  const std::size_t N = maps_.size();
  std::vector<Vec<double>> w(N);              // of the neurons whose slope may change
  std::vector<std::vector<Index>> active(N);  // those
  std::vector<Upper> q(N);
  const auto size = [&](const BoundedMatrix& A, Vec<double>& v) {
    return norms == Norms::verified ? norm2(A) : Upper(estimated_norm2(A.mid, v));
  };
  const auto columns = [&](const BoundedMatrix& A, std::size_t j) {
    return scaled_cols(BoundedMatrix(A.mid(Eigen::all, active[j]), A.error), w[j]);
  };
  const auto rows = [&](const BoundedMatrix& A, std::size_t k) {
    return scaled_rows(w[k], BoundedMatrix(A.mid(active[k], Eigen::all), A.error));
  };
  Upper total;
  for (std::size_t k = 0; k < N; ++k) {
    const Map& m = maps_[k];
    std::vector<BoundedMatrix> before(k);
    Vec<double> reach = m.B_rows;
    for (std::size_t j = 0; j < k; ++j) {
      if (active[j].empty() || m.A[j].mid.size() == 0) continue;
      before[j] = columns(m.A[j], j);
      reach = rounded_up(reach + rounded_up(row_norms(before[j]) * q[j].value()));
    }
    const Vec<double> delta = deviations(m, reach, r, uncertain, slopes);
    active[k] = nonzero(delta);
    if (active[k].empty()) continue;
    w[k] = weights_of(delta(active[k]));
    if (!w[k].allFinite()) return Upper(std::numeric_limits<double>::infinity());
    q[k] = size(rows(m.B, k), m.vectors[N]);
    for (std::size_t j = 0; j < k; ++j)
      if (before[j].mid.size() > 0) q[k] += size(rows(before[j], k), m.vectors[j]) * q[j];
    if (m.out.mid.size() > 0) total += size(columns(m.out, k), m.vectors[N + 1]) * q[k];
  }
  return total;
}
#endif

}  // namespace basin::inline BASIN_ABI::detail
