#include "basin/certify/checker.hpp"

#include <functional>
#include <numeric>

#include "basin/compose/fully_connected.hpp"
#include "basin/core/random.hpp"
#include "basin/io/certificate.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/maps.hpp"
#include "support/verdicts.hpp"

using namespace basin;

namespace {

/// A network that was trained on four points of the cube [-1, 1]^10, and the certificate of the first
/// attractor that has one, of those where their orbits end.
template <class Phi>
CertificateFile trained(Index width, Index depth, const Phi& phi, std::uint64_t seed) {
  Random random(seed);
  Mat<double> X(10, 4);
  for (double& x : X.reshaped()) x = random.uniform(-1, 1);
  const auto net = fully_connected<double>(10, width, depth, phi);
  Model f(net, initial_values(net, initial::pytorch_default(), seed));
  Adam<double> adam({.learning_rate = 1e-3});
  (void)fit(f, X, adam, {.max_epochs = 2000, .loss_below = 1e-9});
  (void)check_verdicts(f, X);
  CertificateFile found{exact_network(f), {}};
  for (Index j = 0; j < X.cols() && !found.certificate.verified; ++j) {
    Vec<double> x = X.col(j);
    for (int step = 0; step < 500; ++step) x = found.network(x);
    found.certificate = certify_attractor(found.network, x);
  }
  REQUIRE(found.certificate.verified);
  return found;
}

/// tanh(2 x), as a network.
ExactNetwork tanh_of_twice() {
  ExactNetwork f(1);
  f.add({.kind = ExactNetwork::Kind::affine,
         .size = 1,
         .weight = Mat<double>::Constant(1, 1, 2),
         .bias = Vec<double>::Zero(1)});
  f.set_output(f.add({.kind = ExactNetwork::Kind::map,
                      .size = 1,
                      .a = 1,
                      .map = std::make_shared<const detail::ExactMap>(detail::exact_map(Tanh{}))}));
  return f;
}

/// The check of these, written to files.
CheckResult check(const TempDir& dir, const ExactNetwork& f, Certificate c) {
  c.verified = true;
  c.network = f.fingerprint();
  write_certificate(dir / "x", f, c);
  return check_certificate(dir / "x");
}

std::string read_text(const std::filesystem::path& file) {
  const Bytes bytes = read_plain_bytes(file);
  return {bytes.begin(), bytes.end()};
}
/// The first `what` in a file becomes `by`.
void replace_in(const std::filesystem::path& file, const std::string& what, const std::string& by) {
  std::string all = read_text(file);
  const std::size_t at = all.find(what);
  REQUIRE(at != std::string::npos);
  write_file(file, bytes_of(all.replace(at, what.size(), by)));
}

/// The certificate of `file` is valid, and with any claim changed by 1 % in the wrong direction it is not.
void require_sharp(const CertificateFile& file) {
  const TempDir dir;
  const ExactNetwork& f = file.network;
  const Certificate& c = file.certificate;
  const CheckResult good = check(dir, f, c);
  INFO(good.reason);
  REQUIRE(good.valid);
  // The search computes in double and with other bounds of norms, the checker in long double.
  CHECK(static_cast<double>(good.found_contraction) <= c.contraction);
  CHECK(static_cast<double>(good.found_contraction) > c.contraction * (1 - 2e-5));

  const auto rejects = [&](const std::function<void(Certificate&)>& change) {
    Certificate changed = c;
    change(changed);
    return !check(dir, f, changed).valid;
  };
  CHECK_FALSE(rejects([](Certificate&) {}));
  CHECK(rejects([](Certificate& x) { x.radius *= 1.01; }));
  CHECK(rejects([](Certificate& x) { x.radius_2norm *= 1.01; }));
  CHECK(rejects([](Certificate& x) { x.contraction *= 0.99; }));
  CHECK(rejects([](Certificate& x) { x.centre *= 1.01; }));
  CHECK(rejects([](Certificate& x) { x.centre[0] += 2 * x.error; }));
  CHECK(rejects([](Certificate& x) { x.contraction = 1; }));
  CHECK(rejects([](Certificate& x) { x.error = x.radius * 1.01; }));
  // A larger T is another norm. Its ball of the same radius is smaller, so that radius_2norm is no longer
  // inside. (A smaller T makes no claim false by itself: then it depends on L.)
  if (c.metric.t.size() > 0) {
    CHECK(rejects([](Certificate& x) { x.metric.t *= 1.01; }));
    CHECK(rejects([](Certificate& x) { x.metric.t[0] = -x.metric.t[0]; }));
  }
  // residual and error hold rounding bounds of double, so that numbers some percent smaller may be true, and
  // are accepted. Below what the checker finds itself, nothing is: no fixed point is nearer than residual /
  // (1 - L).
  const auto residual = static_cast<double>(good.found_residual),
             pairs = static_cast<double>(good.found_pairs);
  CHECK_FALSE(rejects([&](Certificate& x) { x.residual = 1.01 * residual; }));
  CHECK(rejects([&](Certificate& x) { x.residual = 0.99 * residual; }));
  CHECK(rejects([&](Certificate& x) { x.error = 0.99 * residual; }));
  CHECK(rejects([&](Certificate& x) { x.error = 0.5 * residual / (1 - pairs * 0.5); }));

  // One weight: another network, under whose name the claims are wrong, and which is not the one of the
  // fingerprint.
  ExactNetwork other(f.size());
  for (std::size_t k = 1; k < f.steps().size(); ++k) {
    ExactNetwork::Step step = f.steps()[k];
    Index row = 0, col = 0;
    if (k == 1) step.weight.cwiseAbs().maxCoeff(&row, &col), step.weight(row, col) *= 1.01;
    other.add(std::move(step));
  }
  other.set_output(f.output());
  CHECK_FALSE(check(dir, other, c).valid);
  (void)check(dir, f, c);
  const std::string json = read_text(dir / "x.json");
  (void)check(dir, other, c);
  write_file(dir / "x.json", bytes_of(json));
  CHECK(contains(check_certificate(dir / "x").reason, "fingerprint: it is"));
  CHECK(contains(error_of([&] { (void)read_certificate(dir / "x"); }), "x.json: fingerprint: is "));
}

}  // namespace

TEST_CASE("a certificate comes back from its files as it was", "[certify]") {
  const TempDir dir;
  const ExactNetwork f = tanh_of_twice();
  const Certificate c = certify_attractor(f, Vec<double>::Ones(1));
  REQUIRE(c.verified);
  write_certificate(dir / "a", f, c);
  CHECK(dir.count() == 2);
  for (const char* name : {"a", "a.json", "a.npz"}) {
    const CertificateFile back = read_certificate(dir / name);
    CHECK(back.network.fingerprint() == f.fingerprint());
    CHECK(back.network(c.centre) == f(c.centre));
    CHECK(back.certificate.verified);
    CHECK(back.certificate.network == c.network);
    CHECK(back.certificate.centre == c.centre);
    CHECK(back.certificate.metric.t == c.metric.t);
    CHECK(back.certificate.metric.Q.reshaped() == c.metric.Q.reshaped());
    CHECK(back.certificate.radius == c.radius);
    CHECK(back.certificate.radius_2norm == c.radius_2norm);
    CHECK(back.certificate.contraction == c.contraction);
    CHECK(back.certificate.residual == c.residual);
    CHECK(back.certificate.error == c.error);
    CHECK(back.certificate.spectral_radius == c.spectral_radius);
  }
  Certificate unverified = c;
  unverified.verified = false;
  CHECK(contains(error_of([&] { write_certificate(dir / "b", f, unverified); }), "is not verified"));
  unverified = c;
  unverified.network ^= 1;
  CHECK(contains(error_of([&] { write_certificate(dir / "b", f, unverified); }), "is of another network"));
  CHECK(dir.count() == 2);
}

TEST_CASE("every map comes back from a file with its parameters, and the checker knows the same one",
          "[certify]") {
  const TempDir dir;
  Random random(3);
  for_each_map([&](const auto& phi) {
    using Phi = std::decay_t<decltype(phi)>;
    if constexpr (!std::is_same_v<Phi, Identity>) {
      ExactNetwork f(2);
      const detail::ExactMap map = detail::exact_map(phi);
      f.set_output(f.add({.kind = ExactNetwork::Kind::map,
                          .size = 2,
                          .map = std::make_shared<const detail::ExactMap>(map)}));
      Certificate c;
      c.verified = true, c.network = f.fingerprint(), c.centre = Vec<double>::Zero(2);
      write_certificate(dir / "a", f, c);
      CHECK(read_certificate(dir / "a").network.fingerprint() == f.fingerprint());

      INFO(Phi::name);
      detail::checker::Map other;
      REQUIRE(detail::checker::find_map(map.name, {map.parameters.begin(), map.parameters.end()}, other));
      double worst = 0;
      for (int trial = 0; trial < 4000; ++trial) {
        const double z = random.uniform(-6, 6), rho = std::pow(10, random.uniform(-6, 1));
        const double y = map.value(z), s = map.derivative(z, y);
        Vec<double> change(1);
        map.deviation(Vec<double>::Constant(1, z), Vec<double>::Constant(1, rho), Vec<double>::Constant(1, s),
                      change);
        const double own = static_cast<double>(detail::checker::slope_change(other, z, rho, s));
        worst = std::max(worst, std::abs(own - change[0]) / (1 + std::abs(s) + std::abs(own)));
        worst = std::max(worst, std::abs(static_cast<double>(other.value(z)) - y) / (1 + std::abs(y)));
      }
      CHECK(worst < 1e-13);
    }
  });
}

TEST_CASE("what is wrong in the files is named", "[certify]") {
  const TempDir dir;
  const ExactNetwork f = tanh_of_twice();
  const Certificate c = certify_attractor(f, Vec<double>::Ones(1));
  const auto errors = [&](const std::string& what, const std::string& by, const std::string& field) {
    INFO(what << " becomes " << by);
    write_certificate(dir / "a", f, c);
    replace_in(dir / "a.json", what, by);
    const std::string reader = error_of([&] { (void)read_certificate(dir / "a"); });
    INFO(reader);
    CHECK(contains(reader, field.empty() ? "/a." : "a.json: " + field));
    bool valid = false;
    const std::string checker = error_of([&] { valid = check_certificate(dir / "a").valid; });
    CHECK_FALSE(valid);
    CHECK((checker.empty() || contains(checker, "a.json: ")));
  };
  errors("basin certificate", "another", "format: expected");
  errors("\"version\": 1", "\"version\": 2", "version: expected 1, got 2");
  errors("Tanh", "Tamh", "steps[2].name: no map is called Tamh");
  errors("\"parameters\": []", "\"parameters\": [1.0]", "steps[2].parameters: expected 0, got 1");
  errors("\"radius\":", "\"rabius\":", "claim.radius: is missing");
  errors("\"error\": ", "\"error\": null, \"e\": ", "claim.error: expected a finite number, got null");
  errors("\"kind\": \"map\"", "\"kind\": \"conv\"", "steps[2].kind: expected affine, map or sum, got conv");
  errors("\"a\": 1", "\"a\": 2", "steps[2].a: expected a step before this one, got 2");
  errors("\"output\": 2", "\"output\": 3", "output: expected a step of size 1, got 3");
  errors("\"size\": 1", "\"size\": 2", "");
  errors("{", "{{", "offset 2: the file is not JSON");
  errors("\"version\": 1", "\"version\": [[[[1]]]]", "file: nested deeper than 4 levels");
  errors("\"fingerprint\": \"", "\"fingerprint\": \"0", "fingerprint: is 0");

  const auto wrong_array = [&](const std::string& name, std::vector<Index> shape, double value,
                               const char* message) {
    write_certificate(dir / "a", f, c);
    auto arrays = read_npz<double>(dir / "a.npz");
    const Index size =
        shape.empty() ? 1 : std::accumulate(shape.begin(), shape.end(), Index(1), std::multiplies<>());
    for (auto& a : arrays)
      if (a.name == name) a.array = {shape, Vec<double>::Constant(size, value)};
    write_npz(dir / "a.npz", arrays);
    CHECK(contains(error_of([&] { (void)read_certificate(dir / "a"); }), "a.npz: " + name + message));
    CHECK(contains(error_of([&] { (void)check_certificate(dir / "a"); }), "a.npz: " + name));
  };
  wrong_array("centre", {2}, 0, ": has shape (2,), expected (1,)");
  wrong_array("weight_1", {1, 1}, std::numeric_limits<double>::quiet_NaN(), ": has numbers that are NaN");
  wrong_array("bias_1", {}, 0, ": has shape (), expected (1,)");

  // An older .npz beside a newer .json
  write_certificate(dir / "a", f, c);
  auto arrays = read_npz<double>(dir / "a.npz");
  for (auto& a : arrays)
    if (a.name == "centre") a.array.values[0] = std::nextafter(a.array.values[0], 0.);
  write_npz(dir / "a.npz", arrays);
  CHECK(contains(error_of([&] { (void)read_certificate(dir / "a"); }), "a.json: proof_fingerprint: is "));

  std::filesystem::remove(dir / "a.npz");
  CHECK(contains(error_of([&] { (void)read_certificate(dir / "a"); }), "a.npz: cannot open"));
  CHECK(contains(error_of([&] { (void)check_certificate(dir / "a"); }), "a.npz: cannot open"));
  CHECK(contains(error_of([&] { (void)check_certificate(dir / "none"); }), "none.json: cannot open"));
}

TEST_CASE("the checker knows the basin of tanh(2 x)", "[certify]") {
  const TempDir dir;
  const ExactNetwork f = tanh_of_twice();
  const double fixed = 0.9575040240772688;  // the ball around it that ends there is (0, 2 x*)
  const Certificate c = certify_attractor(f, Vec<double>::Ones(1));
  REQUIRE(c.verified);
  CHECK(c.radius_2norm < fixed);
  const CheckResult good = check(dir, f, c);
  CHECK(good.valid);
  CHECK(std::abs(c.centre[0] - fixed) < 1e-15);

  Certificate claim;
  claim.centre = Vec<double>::Constant(1, fixed);
  claim.radius = 0.3, claim.radius_2norm = 0.299;
  claim.contraction = 0.9, claim.residual = 1e-14, claim.error = 1e-13;
  CHECK(check(dir, f, claim).valid);
  claim.radius = fixed * 1.0001, claim.radius_2norm = fixed, claim.contraction = 1 - 1e-9;
  CHECK_FALSE(check(dir, f, claim).valid);

  claim.radius = 1e-3, claim.radius_2norm = 9e-4;  // 0 repels, -x* attracts, and other points do neither
  for (const double x : {0., 0.5, -0.9}) {
    claim.centre[0] = x;
    CHECK_FALSE(check(dir, f, claim).valid);
  }
  claim.centre[0] = -fixed;
  CHECK(check(dir, f, claim).valid);

  ExactNetwork identity(1);  // every point is fixed, none attracts
  CHECK_FALSE(check(dir, identity, claim).valid);
}

TEST_CASE("claims of a trained 3 x 32 network hold and none could be 1 % better", "[certify]") {
  require_sharp(trained(32, 3, LeakyRelu{}, 1));
  require_sharp(trained(32, 3, Tanh{}, 1));
}

TEST_CASE("claims of a trained 7 x 64 network hold and none could be 1 % better", "[certify]") {
  require_sharp(trained(64, 7, LeakyRelu{}, 1));
  require_sharp(trained(64, 7, Tanh{}, 1));
}
