using TokenHub.Core.Money;
using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Metering;

/// <summary>Makes the final account of a request: outcome class, price version, one division.</summary>
internal static class FinalRecord
{
    public static UsageRecord Of(Exchange exchange, int status)
    {
        var meter = (StreamMeter)exchange.Tap;
        var serving = exchange.Serving ?? exchange.Plan[0].Candidate;
        var served = Served(exchange.Attempts, status);
        var usage = served.Outcome.IsCharged() ? meter.Charged(served.Usage) : default;
        return new UsageRecord
        {
            RequestId = exchange.Id,
            Account = exchange.Key!.Account,
            Key = exchange.Key.Id,
            Channel = serving.Channel.Id,
            OwnerAccount = serving.Channel.OwnerAccount,
            OwnerShareBp = serving.Channel.OwnerShareBp,
            PriceVersion = serving.Tariff.PriceVersion,
            Factors = exchange.Tariff.Factors,
            Route = exchange.Plan.Trace,
            Model = exchange.Model,
            Dialect = exchange.Dialect,
            Outcome = served.Outcome,
            IsStream = exchange.IsStream || exchange.Media is { IsStream: true },
            IsCounted = served.Outcome.IsCharged() && served.IsCounted,
            Notes = meter.Notes,
            AbortPolicy = serving.Channel.OnClientAbort,
            Status = status,
            StartedMs = exchange.StartedMs,
            FirstTokenMs = exchange.FirstContentMs,
            DurationMs = exchange.ElapsedMs,
            Hold = exchange.Hold.Amount,
            Cost = TariffMath.Cost(exchange.Tariff, usage),
            Usage = usage,
            UpstreamId = meter.IsReading ? meter.Reader.UpstreamId : "",
            Attempts = [.. exchange.Attempts],
        };
    }

    /// <summary>
    /// The attempt that decides: the last that was not given up for a faster one. Without any, the request was refused
    /// a place, or its client left before there was one.
    /// </summary>
    /// <param name="status">What the client was told; 0 for nothing.</param>
    internal static AttemptRecord Served(IReadOnlyList<AttemptRecord> attempts, int status)
    {
        for (var i = attempts.Count - 1; i >= 0; i--)
        {
            if (attempts[i].Outcome != Outcome.LosingHedge)
            {
                return attempts[i];
            }
        }

        return new AttemptRecord(0, 0, AttemptFault.None, 0)
        {
            Outcome = status == 0 ? Outcome.ClientCancelled : Outcome.UpstreamErrorBeforeContent,
        };
    }
}
