namespace TokenHub.Protocols.Chat;

/// <summary>Why an answer ended, in no dialect's words.</summary>
public enum StopReason : byte
{
    None,
    End,

    /// <summary>One of the caller's stop sequences was written.</summary>
    StopSequence,

    /// <summary>The output limit is reached.</summary>
    Length,

    /// <summary>The context is full.</summary>
    ContextLength,

    /// <summary>Calls are to be answered.</summary>
    Calls,

    /// <summary>Withheld by the provider's filter, or refused.</summary>
    Filtered,

    /// <summary>The provider's own loop of tools is interrupted and may be continued.</summary>
    Paused,

    /// <summary>A call was begun that cannot be read.</summary>
    BrokenCall,
    Other,
}
