namespace TokenHub.Gateway.Exchanges;

/// <summary>How an answer came to its end, as far as it came.</summary>
internal enum AnswerEnd : byte
{
    /// <summary>It never began: no upstream gave one.</summary>
    None = 0,

    /// <summary>By the protocol's own end mark.</summary>
    Proper,

    /// <summary>The upstream reported an error in it.</summary>
    UpstreamError,

    /// <summary>The upstream stopped in the middle: cut, silence or bytes that are no answer.</summary>
    UpstreamCut,

    /// <summary>
    /// One of the client's stop sequences came that the upstream does not know: the gateway wrote the dialect's own
    /// end, and the upstream was broken off.
    /// </summary>
    StopSequence,

    /// <summary>The client left.</summary>
    ClientGone,

    /// <summary>The balance was used up; the gateway wrote the dialect's own end.</summary>
    FundsExhausted,

    /// <summary>The client left before the end, and the answer was read on to learn what it cost.</summary>
    Drained,

    /// <summary>
    /// Another attempt at the same request was faster: this one costs the platform, never the user. The seam for
    /// hedged requests.
    /// </summary>
    LostRace,
}
