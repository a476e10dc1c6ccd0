"""Is this face worth a search? The measures, and the gate that says yes or why not."""

import math
from dataclasses import dataclass
from enum import StrEnum


class QualityReason(StrEnum):
    """Why a face was not used."""

    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    TURNED = "turned"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    CUT_OFF = "cut_off"
    NOT_UPRIGHT = "not_upright"
    COVERED = "covered"


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What was measured of one face.

    eye_distance: pixels between the eyes. sharpness: variance of the Laplacian of the aligned grey chip, after
    Pech-Pacheco et al., ICPR 2000. yaw, pitch, roll: degrees, estimated from the five landmarks; 0 is frontal.
    brightness: mean grey of the chip, 0 to 255. inside: share of the chip's area inside the picture, 0 to 1. contrast:
    at the eyes or the mouth, where it is least: standard deviation of grey as a share of the face's mean grey.
    evenness: variance of the second difference in the direction in which it is least, as a share of the Laplacian's; a
    movement smears one direction only.

    Records of earlier versions have the share of the detector's box as `inside`, and neither contrast nor evenness: the
    defaults are more than is asked for.
    """

    eye_distance: float
    sharpness: float
    yaw: float
    pitch: float
    roll: float
    brightness: float
    inside: float
    contrast: float = 1.0
    evenness: float = 1.0

    @property
    def score(self) -> float:
        """One number to compare samples of the same passage with, 0 to 1, higher is better. Not a probability."""
        size = min(self.eye_distance / 60, 1)
        sharp = min(self.sharpness / 100, 1)
        turned = max(abs(self.yaw), abs(self.pitch))
        frontal = math.cos(math.radians(min(turned, 90)))
        lit = max(1 - (abs(self.brightness - 128) / 128) ** 4, 0)
        return float(size**0.5 * sharp**0.25 * frontal * lit * self.inside**2)


@dataclass(frozen=True, kw_only=True)
class QualityGate:
    """The least that is asked of a face before it is searched or enrolled.

    The defaults are set on LFW view 1 at a threshold near FMR 1e-5, where the FNMR is 4 %. Of 70 faces for each kind of
    degradation, the missed were: eyes 16 pixels apart 4 %, 12 pixels 6 %; sharpness of about 27 4 %, 11 13 %, 6 36 %; a
    quarter of the light 6 %; overexposed by 2.2 23 %. By yaw as it is: up to 40 degrees 2 to 6 %, over 50 21 %. None of
    it raised the FMR against pictures as they are. Hardly a face there nods by more than 20 degrees, so what comes
    beyond 25 is not known. Eyes are asked to be 20 apart since compression takes more away than scaling does.

    Two faces with the same degradation match each other more often. Beyond max_roll a quarter turn brings a face nearer
    to upright. min_inside lets 283 of 294 whole faces at the picture's edge pass, and 11 of 376 halves. min_contrast
    refuses 5 of 1,369 faces, of which 4 wear dark glasses; two thirds of those with drawn ones, and all with drawn
    masks. min_evenness refuses 4 of 1,369, at least 94 of 100 that are smeared over 0.3 of the distance between the
    eyes, and 8 of 10 that are squeezed to half their width.
    """

    min_eye_distance: float = 20.0
    min_sharpness: float = 15.0
    max_yaw: float = 45.0
    max_pitch: float = 25.0
    max_roll: float = 45.0
    min_brightness: float = 30.0
    max_brightness: float = 200.0
    min_inside: float = 0.75
    min_contrast: float = 0.07
    min_evenness: float = 0.18

    def judge(self, quality: Quality, *, upright: bool = True) -> tuple[QualityReason, ...]:
        """Every reason against using the face; empty when there is none.

        upright: whether `Recogniser.orientations` says so, where it was asked.
        """
        soft = quality.sharpness < self.min_sharpness
        found = {
            QualityReason.TOO_SMALL: quality.eye_distance < self.min_eye_distance,
            QualityReason.BLURRED: soft or quality.evenness < self.min_evenness,
            QualityReason.TURNED: abs(quality.yaw) > self.max_yaw or abs(quality.pitch) > self.max_pitch,
            QualityReason.TOO_DARK: quality.brightness < self.min_brightness,
            QualityReason.TOO_BRIGHT: quality.brightness > self.max_brightness,
            QualityReason.CUT_OFF: quality.inside < self.min_inside,
            # A blur leaves little contrast of what nothing covers.
            QualityReason.COVERED: not soft and quality.contrast < self.min_contrast,
            QualityReason.NOT_UPRIGHT: not upright or abs(quality.roll) > self.max_roll,
        }
        return tuple(reason for reason, applies in found.items() if applies)
