"""What stands where in the drawn street scenes: lanes, lots, traffic, people and street furniture.

Lengths are metres. Sides are 0 for the left and 1 for the right; traffic keeps to the right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from tf_ganaug.data.embedded import street_objects as objects
from tf_ganaug.data.embedded import street_vehicles as vehicles
from tf_ganaug.data.embedded.street_blocks import Street, fence, foliage, house_front, wall
from tf_ganaug.data.embedded.street_canvas import Canvas, Face, Surface, Thing
from tf_ganaug.data.embedded.street_shapes import turned

#: Signs of x on the left and on the right.
_SIGNS = (-1, 1)

#: Nothing stands on the street beyond this distance.
REACH = 80.0

_LANE = 3.2


class Lot(NamedTuple):
    """A piece of roadside.

    Attributes:
        x: of its front.
        ends: z where it begins and ends.
        front: seen along the street.
        flank: seen where nothing nearer hides the side that faces the camera; None if it has none.
        depth: width of the flank.
    """

    x: float
    ends: tuple[float, float]
    front: Surface
    flank: Surface | None
    depth: float

    @property
    def height(self) -> float:
        return float(self.front.top(np.zeros(1, np.float32))[0])

    @property
    def back(self) -> float:
        return self.x + math.copysign(self.depth, self.x)

    def paint(self, canvas: Canvas) -> None:
        if self.flank:
            canvas.across(self.ends[0], tuple(sorted((self.x, self.back))), self.flank)
        canvas.along(self.x, self.ends, self.front)

    def walls(self) -> list[Face]:
        """Its front and its flank, to cast shadows."""
        corners = [(self.x, self.ends[1]), (self.x, self.ends[0]), (self.back, self.ends[0])]
        walls = []
        for (x, z), (far_x, far_z) in zip(corners, corners[1:]):
            points = [(x, 0, z), (far_x, 0, far_z), (far_x, self.height, far_z), (x, self.height, z)]
            walls.append(Face(points, None, self.front.label))
        return walls


def street(rng: np.random.Generator) -> Street:
    """Lanes, sidewalks and verges, with the camera in the middle of a lane."""
    ahead, against = _draw(rng, {1: 0.7, 2: 0.3}), _draw(rng, {0: 0.15, 1: 0.6, 2: 0.25})
    lane, shift = int(rng.integers(ahead)), rng.normal(0, 0.25)
    lanes = tuple((n * _LANE - shift, n < -lane) for n in range(-lane - against, ahead - lane))
    rails = lanes[against - 1][0] if against and rng.random() < 0.12 else None
    parking = [_draw(rng, {0.4: 0.4, 2.3: 0.6}) for _ in _SIGNS]
    crossing = None
    if rng.random() < 0.35:
        start = rng.uniform(14, 45)
        crossing = (start, start + rng.uniform(8, 14))
    verges = [rng.uniform(1.5, 6.0) if rng.random() < 0.2 else 0.0 for _ in _SIGNS]
    return Street(
        road=(lanes[0][0] - _LANE / 2 - parking[0], lanes[-1][0] + _LANE / 2 + parking[1]),
        walks=tuple(rng.uniform(1.8, 4.5, 2).tolist()),
        verges=tuple(verges),
        lanes=lanes,
        rails=rails,
        crossing=crossing,
        zebra=rng.random() < 0.7,
        end=rng.uniform(100, 180),
    )


def skyline(rng: np.random.Generator) -> Surface:
    """What closes the view: trees or houses."""
    if rng.random() < 0.5:
        return foliage(rng, rng.uniform(5, 10), 1.5)
    return house_front(rng, False, int(rng.integers(2, 5)))


def lots(plan: Street, rng: np.random.Generator, lit: bool) -> list[Lot]:
    """Both roadsides, the farthest first."""
    built, storeys = _draw(rng, {0.95: 0.5, 0.7: 0.3, 0.35: 0.2}), int(rng.integers(2, 6))
    edges = [maker for maker, share in ((wall, 0.18), (fence, 0.2)) if rng.random() < share]
    found = []
    for side in (0, 1):
        z, nearer = -12.0, None
        while z < plan.end:
            end = z + rng.uniform(7, 20) * (1 + max(z, 0) / 80)
            if plan.crossing and z < plan.crossing[1] and end > plan.crossing[0]:
                end = plan.crossing[0]
                if end - z < 2:
                    z, nearer = plan.crossing[1], None
                    continue
            house = rng.random() < built
            tall = max(1, storeys + int(rng.integers(-1, 2))) if house else 0
            edge = edges[rng.integers(len(edges))] if edges and end > 2 and z < 30 and rng.random() < 0.35 else None
            lot, *front = _lot(plan.front(side), (z, end), tall, edge, rng, lit)
            # Painted for nothing where the house before it is as high and reaches as far out.
            hidden = nearer and house and nearer.height >= lot.height and abs(nearer.x) <= abs(lot.x)
            found += [lot._replace(flank=None) if hidden else lot, *front]
            z, nearer = end, lot if house else None
    return sorted(found, key=lambda lot: (-lot.ends[0], -abs(lot.x)))


def _lot(
    x: float,
    ends: tuple[float, float],
    storeys: int,
    edge: Callable[[np.random.Generator], Surface] | None,
    rng: np.random.Generator,
    lit: bool,
) -> list[Lot]:
    """A house, or trees if it has no storeys, and what stands before it: what `edge` makes, a hedge or nothing."""
    front = edge(rng) if edge else None
    if storeys and not edge and rng.random() < 0.12:
        front = foliage(rng, rng.uniform(1.0, 2.0), 0.15)
    before = [Lot(x, ends, front, None, 0.0)] if front else []
    if front:
        x += math.copysign(rng.uniform(2, 6), x)
    height = rng.uniform(3, 8)
    surface = house_front(rng, lit, storeys) if storeys else foliage(rng, height, 0.25 * height)
    return [Lot(x, ends, surface, surface, 14.0), *before]


def things(plan: Street, rng: np.random.Generator, lit: bool) -> list[Thing]:
    """All objects, the farthest first."""
    placed = [*_traffic(plan, rng, lit), *_cycles(plan, rng), *_people(plan, rng), *_furniture(plan, rng, lit)]
    return sorted(placed, key=lambda thing: -thing.z)


def _traffic(plan: Street, rng: np.random.Generator, lit: bool) -> Iterator[Thing]:
    """Moving and parked vehicles."""
    rare = [kind for kind, share in ((vehicles.bus, 0.16), (vehicles.truck, 0.18)) if rng.random() < share]
    for x, oncoming in plan.lanes:
        z, gap = rng.uniform(7, 30), (4, 10, 25)[rng.integers(3)]
        tram = x == plan.rails and rng.random() < 0.7
        while z < REACH:
            kind = vehicles.car
            if tram:
                kind, tram = vehicles.train, False
            elif rare and z < 40 and rng.random() < 0.6:
                kind = rare.pop()
            thing = kind(rng, lit)
            yield _headed(x + rng.normal(0, 0.15), z, thing, oncoming)
            z += _length(thing) + 2 + rng.exponential(gap)
    for side, sign in enumerate(_SIGNS):
        x = plan.road[side] - sign * 1.05
        full = (0.0, 0.5, 0.9)[rng.integers(3)]
        if abs(x - plan.lanes[-side][0]) < 2:
            continue  # no room beside the lane
        for z in np.arange(rng.uniform(3, 8), 60, 6.2):
            if rng.random() < full and not _crosses(plan, z, 6):
                thing = vehicles.car(rng, False)
                yield _headed(x + rng.normal(0, 0.08), z, thing, side == 0)
    if plan.crossing and rng.random() < 0.5:
        way, thing = _SIGNS[rng.integers(2)], vehicles.car(rng, lit)
        half = _length(thing) / 2
        x = rng.uniform(plan.front(0) + half, plan.front(1) - half)
        yield Thing(x - way * half, sum(plan.crossing) / 2, _turn(thing, way * math.pi / 2))


def _cycles(plan: Street, rng: np.random.Generator) -> Iterator[Thing]:
    """Cyclists, motorcyclists and cycles that stand about."""
    for side, sign in enumerate(_SIGNS):
        if rng.random() < 0.1:
            kind = objects.motorcycle if rng.random() < 0.3 else objects.bicycle
            angle = rng.normal(0, 0.15) if rng.random() < 0.75 else _SIGNS[rng.integers(2)] * rng.uniform(0.8, 1.6)
            x = plan.road[side] - sign * rng.uniform(0.6, 1.2) if abs(angle) < 0.6 else rng.uniform(-5, 5)
            yield Thing(x, rng.uniform(6, 22), kind(rng, angle) + objects.rider(rng, angle))
        if rng.random() < 0.16:
            kind = objects.motorcycle if rng.random() < 0.25 else objects.bicycle
            z, angle = rng.uniform(5, 25), rng.uniform(-1.5, 1.5)
            for number in range(rng.integers(1, 5)):
                x = plan.road[side] + sign * rng.uniform(0.5, 1.2)
                yield Thing(x, z + 0.7 * number, kind(rng, angle + rng.normal(0, 0.1)))


def _people(plan: Street, rng: np.random.Generator) -> Iterator[Thing]:
    """Alone or in small groups on the sidewalks, and on the zebra crossing."""
    for _ in range(rng.poisson((1, 4, 8)[rng.integers(3)])):
        side, z = rng.integers(2), 5 + 50 * rng.random() ** 1.7
        sign, across = _SIGNS[side], rng.uniform(0.15, 0.9)
        for number in range(_draw(rng, {1: 0.65, 2: 0.25, 3: 0.1})):
            aside = min(across * plan.walks[side] + 0.5 * number, plan.walks[side] - 0.2)
            yield Thing(plan.road[side] + sign * aside, z + rng.uniform(0, 0.6), objects.person(rng))
    if plan.crossing and plan.zebra:
        for _ in range(rng.poisson(1.2)):
            z = plan.crossing[0] - rng.uniform(1.5, 4)
            yield Thing(rng.uniform(*plan.road), z, objects.person(rng))


def _furniture(plan: Street, rng: np.random.Generator, lit: bool) -> Iterator[Thing]:
    """Trees, lamp posts, signs, traffic lights and bins."""
    for side, sign in enumerate(_SIGNS):
        kerb, walk = plan.road[side] + sign * 0.5, plan.walks[side]
        if rng.random() < 0.4:
            tall, wide, step = rng.uniform(5, 10), rng.uniform(1.4, 2.6), rng.uniform(7, 14)
            for z in np.arange(rng.uniform(7, 16), REACH, step):
                if not _crosses(plan, z, 3):
                    blobs = int(np.clip(420 / z, 8, 36))
                    yield Thing(kerb + sign * 0.4, z, objects.tree(rng, tall * rng.uniform(0.85, 1.1), wide, blobs))
        if rng.random() < 0.6:
            for z in np.arange(rng.uniform(6, 25), REACH, rng.uniform(18, 32)):
                yield Thing(kerb, z, objects.lamp_post(rng, sign, lit))
        for _ in range(rng.poisson(1.1)):
            x, z = kerb + sign * rng.uniform(-0.1, 0.3), rng.uniform(6, 40)
            yield Thing(x, z, objects.traffic_sign(rng))
        if rng.random() < 0.25:
            x, z = plan.road[side] + sign * rng.uniform(0.5, walk - 0.6), rng.uniform(6, 22)
            yield Thing(x, z, objects.clutter(rng))
        if plan.crossing and rng.random() < 0.6:
            z = plan.crossing[rng.integers(2)] - rng.uniform(0, 1)
            yield Thing(kerb, z, objects.traffic_light(rng, sign))


def _draw(rng: np.random.Generator, shares: Mapping[float, float]) -> float:
    """One of the keys, by their shares, which add up to 1."""
    return list(shares)[np.searchsorted(np.cumsum(list(shares.values())), rng.random())]


def _crosses(plan: Street, z: float, room: float) -> bool:
    """Whether what stands at z, with `room` ahead of it, is in the way of the cross street or before its zebra."""
    return plan.crossing is not None and plan.crossing[0] - 5 - room < z < plan.crossing[1] + 1


def _length(vehicle: list[Face]) -> float:
    return max(z for face in vehicle for _, _, z in face.points)


def _turn(vehicle: list[Face], angle: float) -> list[Face]:
    return [face._replace(points=[turned(point, angle) for point in face.points]) for face in vehicle]


def _headed(x: float, z: float, vehicle: list[Face], oncoming: bool) -> Thing:
    """The vehicle with its near end at z."""
    if not oncoming:
        return Thing(x, z, vehicle)
    length = _length(vehicle)
    around = [face._replace(points=[(-x, y, length - z) for x, y, z in face.points]) for face in vehicle]
    return Thing(x, z, around)
