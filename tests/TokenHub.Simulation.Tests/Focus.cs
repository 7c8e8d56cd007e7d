namespace TokenHub.Simulation.Tests;

/// <summary>
/// A run with some kinds of harm only, so that a small mistake is not lost among what large ones excuse.
/// </summary>
/// <param name="RetoldMs">How long after a loss a balance may still be spent twice.</param>
/// <param name="LongShare">Share of streams that last for minutes.</param>
internal sealed record Focus(string[] Harms, long EveryMs, long RetoldMs, double LongShare);
