using System.Buffers;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Streams;

namespace TokenHub.Gateway.Forwarding;

/// <summary>Takes out of a Chat stream the usage that was asked for on the client's behalf.</summary>
internal sealed class UsageFilter : IStreamFilter
{
    private readonly ChatUsageFilter _filter = new();

    public bool IsBroken => false;

    public bool IsThrough => false;

    public void Reset() => _filter.Reset();

    public void Append(ReadOnlySpan<byte> upstream, IBufferWriter<byte> output) => _filter.Append(upstream, output);

    public void Complete(in TokenUsage usage, IBufferWriter<byte> output)
    {
        if (_filter.HeldBytes > 0)
        {
            _filter.Complete(output);
        }
    }

    public bool TryEndForFunds(in TokenUsage usage, IBufferWriter<byte> output) => false;

    public bool TryFail(in ApiError error, IBufferWriter<byte> output) => false;
}
