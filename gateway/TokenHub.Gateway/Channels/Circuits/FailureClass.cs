namespace TokenHub.Gateway.Channels.Circuits;

/// <summary>Whose fault a failed attempt was, and so what becomes of the channel and of the request.</summary>
internal enum FailureClass : byte
{
    /// <summary>It did not fail, or says nothing of the channel.</summary>
    None = 0,

    /// <summary>
    /// The request itself is wrong: no other channel would take it, and this one has shown that it works.
    /// </summary>
    Caller,

    /// <summary>The channel has not got this model; nothing is wrong with it else.</summary>
    ModelMissing,

    /// <summary>The credential is refused: no call can succeed until it is changed.</summary>
    Credential,

    /// <summary>What was paid for is used up, or the day's allowance.</summary>
    Quota,

    /// <summary>Too many requests or tokens at the moment.</summary>
    Rate,

    /// <summary>The upstream has no capacity at the moment.</summary>
    Overloaded,

    /// <summary>A connection, a time-out, an error of the server, an answer without content.</summary>
    Transient,
}
