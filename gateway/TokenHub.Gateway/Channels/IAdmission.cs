using TokenHub.Core.Usage;
using TokenHub.Gateway.Errors;

namespace TokenHub.Gateway.Channels;

/// <summary>A place at a channel, taken for one attempt; or why there is none.</summary>
/// <param name="Step">Which step of the plan; -1 without a place.</param>
/// <param name="Attempt">Number of the attempt in its request, from 1; with the request it names the place.</param>
/// <param name="Fence">Tells this place from an older one of the same name whose lease had run out.</param>
internal readonly record struct Place(int Step, int Attempt, long Fence, GatewayError Error)
{
    public bool IsTaken => Step >= 0;

    public static Place None(in GatewayError error) => new(-1, 0, 0, error);
}

/// <summary>
/// Lets attempts in at channels: slots, rates and quota windows over all gateways. The seam between the room
/// Forwarding, which makes attempts, and what stands in front of full channels.
/// </summary>
internal interface IAdmission
{
    /// <summary>
    /// Takes a place at the first step of the plan that was not tried yet and has one; when none has, waits in line for
    /// one within the bounds of the rules. Each call is one attempt; which steps were tried says the plan. A step that
    /// stands in the plan twice may be tried twice.
    /// </summary>
    public ValueTask<Place> EnterAsync(Exchange exchange, CancellationToken cancellationToken);

    /// <summary>Gives a place back, with what was used there; does not wait.</summary>
    public void Leave(Exchange exchange, in Place place, in AttemptRecord attempt);

    /// <summary>Gives back whatever places a request still has at its end: those of attempts that threw.</summary>
    public void LeaveAll(Exchange exchange);
}
