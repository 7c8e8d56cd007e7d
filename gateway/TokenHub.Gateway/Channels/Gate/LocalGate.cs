using TokenHub.Core.Money;
using TokenHub.Core.Requests;

namespace TokenHub.Gateway.Channels.Gate;

/// <summary>Knows the slots of channels in this process alone.</summary>
internal sealed class LocalGate : IChannelGate
{
    private readonly Lock _lock = new();
    private readonly HashSet<(long Channel, RequestId Rid, int Attempt)> _places = [];
    private readonly Dictionary<long, int> _taken = [];

    public ValueTask<GateReply> EnterAsync(
        UpstreamChannel channel, RequestId rid, int attempt, long tokens, Usd cost, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var taken = _taken.GetValueOrDefault(channel.Id);
            if (taken >= (channel.Entry.MaxConcurrency ?? int.MaxValue))
            {
                return ValueTask.FromResult(new GateReply(GateCode.Full, 0, 0));
            }

            _taken[channel.Id] = _places.Add((channel.Id, rid, attempt)) ? taken + 1 : taken;
            return ValueTask.FromResult(new GateReply(GateCode.Ok, 0, 0));
        }
    }

    public void Leave(UpstreamChannel channel, RequestId rid, int attempt, long fence, long tokens, Usd cost)
    {
        lock (_lock)
        {
            if (_places.Remove((channel.Id, rid, attempt)))
            {
                _taken[channel.Id]--;
            }
        }
    }
}
