import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from sculpt3d.geometry import Rigid3, Sim3, project, umeyama, unproject

seeds = st.integers(0, 2**31)


def random_sim3(rng: np.random.Generator) -> Sim3:
    return Sim3(
        float(rng.uniform(0.1, 10)),
        Rotation.random(random_state=rng.integers(2**31)).as_matrix(),
        rng.normal(size=3),
    )


@given(seeds)
def test_sim3_inverse_and_composition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, x = random_sim3(rng), random_sim3(rng), rng.normal(size=(5, 3))
    np.testing.assert_allclose((a @ b).apply(x), a.apply(b.apply(x)), atol=1e-9)
    np.testing.assert_allclose(a.inverse().apply(a.apply(x)), x, atol=1e-9)


@given(seeds)
def test_umeyama_recovers_the_similarity(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, x = random_sim3(rng), rng.normal(size=(20, 3))
    np.testing.assert_allclose(umeyama(x, truth.apply(x)).matrix(), truth.matrix(), atol=1e-8)


@given(seeds)
def test_unproject_undoes_project_and_moved_cameras_see_the_same_pixels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    k = np.array([[900.0, 0, 400], [0, 950, 300], [0, 0, 1]])
    pose = Rigid3(Rotation.random(random_state=rng.integers(2**31)).as_matrix(), rng.normal(size=3))
    x = pose.inverse().apply(rng.uniform([-1, -1, 2], [1, 1, 5], (7, 3)))
    uv, depth = project(k, pose, x)
    np.testing.assert_allclose(unproject(k, pose, uv, depth), x, atol=1e-9)
    s = random_sim3(rng)
    np.testing.assert_allclose(project(k, s.move_camera(pose), s.apply(x))[0], uv, atol=1e-5)
