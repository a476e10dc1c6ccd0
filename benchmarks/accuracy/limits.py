"""The limits of a data set's figures, by its registered name."""

LIMITS = {
    "lfw": "News photographs of well-known people, mostly men, mostly white, few of them old or young: a good figure "
    "here is no promise for a camera, and none for groups hardly in it. dlib's network learnt from some three million "
    "pictures, half of them of the VGG and FaceScrub sets (its author, blog.dlib.net, February 2017); what SFace's "
    "published weights learnt from is not told with them. The people of LFW are well known, and may be in either.",
}
