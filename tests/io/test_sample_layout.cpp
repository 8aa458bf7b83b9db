#include "basin/io/sample_layout.hpp"

#include "io/examples.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

TEST_CASE("arrays of every layout are columns in channel, row, column order", "[io]") {
  // entry (n, c, h, w) = ((n 3 + c) 4 + h) 5 + w of an array (2, 3, 4, 5), by the last index fastest
  const Samples<double> first = samples_from_array(counted({2, 3, 4, 5}));
  CHECK(first.shape == Shape{3, 4, 5});
  REQUIRE((first.columns.rows() == 60 && first.columns.cols() == 2));
  CHECK(first.columns(first.shape.at(2, 1, 3), 1) == ((1 * 3 + 2) * 4 + 1) * 5 + 3);

  const Samples<double> last = samples_from_array(counted({2, 4, 5, 3}), SampleLayout::channels_last);
  CHECK(last.shape == Shape{3, 4, 5});
  Index wrong = 0;
  for (Index n = 0; n < 2; ++n)
    for (Index c = 0; c < 3; ++c)
      for (Index i = 0; i < 4; ++i)
        for (Index j = 0; j < 5; ++j)
          wrong += last.columns(last.shape.at(c, i, j), n) != double(((n * 4 + i) * 5 + j) * 3 + c);
  CHECK(wrong == 0);

  const Samples<double> grey = samples_from_array(counted({2, 4, 5}));
  CHECK(grey.shape == Shape{1, 4, 5});
  CHECK(grey.columns(grey.shape.at(0, 3, 1), 1) == 20 + 16);
  const Samples<double> flat = samples_from_array(counted({3, 784}));
  CHECK(flat.shape == Shape{1, 1, 784});
  CHECK(flat.columns(783, 2) == 3 * 784 - 1);
  CHECK(samples_from_array(counted({7})).columns == Mat<double>(counted({7}).values.transpose()));
  CHECK(samples_from_array(counted({2, 3, 4, 5}), SampleLayout::flat).shape == Shape{1, 1, 60});
  CHECK(samples_from_array(counted({2, 1, 2, 1, 3}), SampleLayout::flat).columns(5, 1) == 11);
  const Samples<double> none = samples_from_array(counted({0, 4, 5}));
  CHECK((none.columns.rows() == 20 && none.columns.cols() == 0));
}

TEMPLATE_TEST_CASE("columns go back into the arrays that they came from", "[io]", float, double) {
  using S = TestType;
  const auto check = [](const std::vector<Index>& shape, SampleLayout layout) {
    const NdArray<double> exact = counted(shape);
    const NdArray<S> a{shape, exact.values.cast<S>()};
    const Samples<S> samples = samples_from_array(a, layout);
    const NdArray<S> b = array_from_samples<S>(samples.columns, samples.shape, layout);
    INFO(detail::shape_text(shape));
    CHECK(b.shape == shape);
    CHECK(b.values == a.values);
  };
  check({3, 10}, SampleLayout::flat);
  check({2, 4, 5}, SampleLayout::grey);
  check({2, 3, 4, 5}, SampleLayout::channels_first);
  check({2, 4, 5, 3}, SampleLayout::channels_last);
  check({0, 4, 5, 3}, SampleLayout::channels_last);
  check({1, 1, 1, 1}, SampleLayout::channels_last);
}

TEST_CASE("arrays that are no samples are refused with their shape", "[io]") {
  const auto error = [](const std::vector<Index>& shape, SampleLayout layout) {
    return error_of([&] { (void)samples_from_array(counted(shape), layout); });
  };
  CHECK(contains(error({}, SampleLayout::flat), "samples_from_array: array of shape (), expected (n, ...)"));
  CHECK(contains(error({3, 0}, SampleLayout::flat), "array of shape (3, 0)"));
  CHECK(contains(error({3, 4}, SampleLayout::grey), "array of shape (3, 4), expected (n, h, w)"));
  CHECK(contains(error({3, 4, 5}, SampleLayout::channels_first),
                 "array of shape (3, 4, 5), expected (n, c, h, w)"));
  CHECK(contains(error({3, 4, 5, 0}, SampleLayout::channels_last),
                 "array of shape (3, 4, 5, 0), expected (n, h, w, c)"));
  const Mat<double> X = Mat<double>::Zero(12, 2);
  const auto back = [&](const Shape& shape, SampleLayout layout) {
    return error_of([&] { (void)array_from_samples<double>(X, shape, layout); });
  };
  CHECK(contains(back({3, 2, 3}, SampleLayout::flat),
                 "X has 12 rows, expected those of a sample of 3 x 2 x 3"));
  CHECK(contains(back({3, 2, 2}, SampleLayout::grey), "samples of 3 x 2 x 2 are not grey"));
  CHECK(contains(back({-3, -2, 2}, SampleLayout::flat), "-3 x -2 x 2"));
}
