using System.Buffers;
using System.Text;

using Microsoft.AspNetCore.Http.Features;
using TokenHub.Core.Requests;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Protocols.Json;
using Xunit;

namespace TokenHub.Gateway.Tests.Affinity;

/// <summary>Requests as the second half of Listening leaves them, without a connection behind them.</summary>
internal static class Asked
{
    public static Exchange Of(
        Endpoint endpoint, string body, long account = 1001, string? group = null, string model = "",
        TimeProvider? time = null, params string[] headers)
    {
        var request = new HttpRequestFeature();
        foreach (var header in headers)
        {
            var parts = header.Split(": ", 2);
            request.Headers[parts[0]] = parts[1];
        }

        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(request);
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        features.Set<IHttpResponseBodyFeature>(new Microsoft.AspNetCore.Http.StreamResponseBodyFeature(Stream.Null));
        features.Set<IHttpRequestLifetimeFeature>(new HttpRequestLifetimeFeature());
        var exchange = new Exchange(null!, null!, null!, time ?? TimeProvider.System);
        exchange.Open(features, new RequestId(1, 1), 0);
        (exchange.Endpoint, exchange.Dialect, exchange.Group) = (endpoint, endpoint.DialectOf(), group);
        exchange.Key = new KeyEntry(Entries.Key(account: account));
        exchange.Body.Write(Encoding.UTF8.GetBytes(body));
        Assert.True(RequestScanner.TryScan(exchange.Dialect, exchange.Body.Span, out var facts, out var fault), fault.Message);
        (exchange.Facts, exchange.Model) = (facts, model);
        return exchange;
    }
}
