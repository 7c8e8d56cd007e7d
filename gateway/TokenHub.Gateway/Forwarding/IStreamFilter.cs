using System.Buffers;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Errors;

namespace TokenHub.Gateway.Forwarding;

/// <summary>
/// Stands between an upstream's stream and a client who is not to see it as it came. It passes whole events only. At
/// the end exactly one of the others is called; what answers false leaves that end to the caller.
/// </summary>
internal interface IStreamFilter
{
    /// <summary>Takes the upstream's bytes and writes what the client may see of them.</summary>
    public void Append(ReadOnlySpan<byte> upstream, IBufferWriter<byte> output);

    /// <summary>What was passed cannot become a whole answer any more, whatever the upstream says at its end.</summary>
    public bool IsBroken { get; }

    /// <summary>The client has all that he asked for: what the upstream says from now on is not for him.</summary>
    public bool IsThrough { get; }

    /// <summary>The upstream is through, as its protocol says.</summary>
    public void Complete(in TokenUsage usage, IBufferWriter<byte> output);

    /// <summary>The money ends here.</summary>
    public bool TryEndForFunds(in TokenUsage usage, IBufferWriter<byte> output);

    /// <summary>The upstream broke off, or said that it failed.</summary>
    public bool TryFail(in ApiError error, IBufferWriter<byte> output);
}
